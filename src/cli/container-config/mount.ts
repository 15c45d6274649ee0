import { parseByteSize } from "../../spec/byte-size.ts";
import { csvFields } from "../../spec/csv-fields.ts";
import type { Mount, MountType } from "../../spec/index.ts";
import { parseBool, splitPair } from "../flags/flag-kinds.ts";
import { absolutePath } from "./absolute-path.ts";

type Setter = (mount: Mount, value: string, key: string) => void;

const asBool = (value: string, key: string): boolean => {
  try {
    return parseBool(value);
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
};

const setSource: Setter = (mount, value) => {
  mount.Source = value === "." || value.startsWith("./") ? absolutePath(value) : value;
};
const setTarget: Setter = (mount, value) => {
  mount.Target = value;
};
const setReadOnly: Setter = (mount, value, key) => {
  mount.ReadOnly = asBool(value, key);
};
const bind = (mount: Mount) => (mount.BindOptions ??= {});
const volume = (mount: Mount) => (mount.VolumeOptions ??= {});
const tmpfs = (mount: Mount) => (mount.TmpfsOptions ??= {});
const driver = (mount: Mount) => (volume(mount).DriverConfig ??= {});

function withEntry(map: Record<string, string> | undefined, pair: string): Record<string, string> {
  const [key, value] = splitPair(pair);
  return { ...map, [key]: value };
}

const setRecursive: Setter = (mount, value) => {
  switch (value) {
    case "enabled":
      bind(mount);
      return;
    case "disabled":
      bind(mount).NonRecursive = true;
      return;
    case "writable":
      bind(mount).ReadOnlyNonRecursive = true;
      return;
    case "readonly":
      bind(mount).ReadOnlyForceRecursive = true;
      return;
    default:
      throw new Error(
        `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
  }
};

const SETTERS: Record<string, Setter> = {
  type: (mount, value) => {
    mount.Type = value.toLowerCase() as MountType;
  },
  source: setSource,
  src: setSource,
  target: setTarget,
  dst: setTarget,
  destination: setTarget,
  readonly: setReadOnly,
  ro: setReadOnly,
  consistency: (mount, value) => {
    mount.Consistency = value.toLowerCase();
  },
  "bind-propagation": (mount, value) => {
    bind(mount).Propagation = value.toLowerCase();
  },
  "bind-nonrecursive": (mount, value, key) => {
    bind(mount).NonRecursive = asBool(value, key);
  },
  "bind-recursive": setRecursive,
  "bind-create-src": (mount, value, key) => {
    bind(mount).CreateMountpoint = asBool(value, key);
  },
  idmap: (mount, value) => {
    bind(mount).IdMap = value === "true" ? "owner" : value;
  },
  "volume-subpath": (mount, value) => {
    volume(mount).Subpath = value;
  },
  "volume-nocopy": (mount, value, key) => {
    volume(mount).NoCopy = asBool(value, key);
  },
  "volume-label": (mount, value) => {
    volume(mount).Labels = withEntry(volume(mount).Labels, value);
  },
  "volume-driver": (mount, value) => {
    driver(mount).Name = value;
  },
  "volume-opt": (mount, value) => {
    driver(mount).Options = withEntry(driver(mount).Options, value);
  },
  "image-subpath": (mount, value) => {
    mount.ImageOptions = { Subpath: value };
  },
  "tmpfs-size": (mount, value, key) => {
    try {
      tmpfs(mount).SizeBytes = parseByteSize(value);
    } catch {
      throw new Error(`invalid value for ${key}: ${value}`);
    }
  },
  "tmpfs-mode": (mount, value, key) => {
    if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
    tmpfs(mount).Mode = Number.parseInt(value, 8);
  },
};

const FLAGS_WITHOUT_VALUE = new Set([
  "readonly",
  "ro",
  "volume-nocopy",
  "bind-nonrecursive",
  "bind-create-src",
  "idmap",
]);

/** `--mount type=bind,src=/a,dst=/b,readonly`. */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: "volume", Target: "" };
  for (const field of csvFields(text)) {
    const [name, value] = splitPair(field);
    const key = name.toLowerCase();
    if (!field.includes("=")) {
      if (!FLAGS_WITHOUT_VALUE.has(key)) {
        throw new Error(`invalid field '${field}' must be a key=value pair`);
      }
      SETTERS[key]?.(mount, "true", key);
      continue;
    }
    const set = Object.hasOwn(SETTERS, key) ? SETTERS[key] : undefined;
    if (set === undefined) throw new Error(`unexpected key '${key}' in '${field}'`);
    set(mount, value, key);
  }
  placeIdMap(mount);
  checkMount(mount);
  if (mount.ReadOnly === false) delete mount.ReadOnly;
  return mount;
}

/** The type may come after it. */
function placeIdMap(mount: Mount): void {
  const { IdMap, ...others } = mount.BindOptions ?? {};
  if (mount.Type !== "volume" || IdMap === undefined) return;
  volume(mount).IdMap = IdMap;
  if (Object.keys(others).length > 0) mount.BindOptions = others;
  else delete mount.BindOptions;
}

function checkMount(mount: Mount): void {
  if (mount.Target === "") throw new Error("target is required");
  const owners: [MountType, unknown][] = [
    ["volume", mount.VolumeOptions],
    ["image", mount.ImageOptions],
    ["bind", mount.BindOptions],
    ["tmpfs", mount.TmpfsOptions],
  ];
  for (const [type, options] of owners) {
    if (options !== undefined && mount.Type !== type) {
      throw new Error(`cannot mix '${type}-*' options with mount type '${mount.Type}'`);
    }
  }
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation } = mount.BindOptions ?? {};
  const requires = (option: string, other: string): Error =>
    new Error(
      `option 'bind-recursive=${option}' requires '${other}' to be specified in conjunction`,
    );
  if (ReadOnlyNonRecursive === true && mount.ReadOnly !== true)
    throw requires("writable", "readonly");
  if (ReadOnlyForceRecursive !== true) return;
  if (mount.ReadOnly !== true) throw requires("readonly", "readonly");
  if (Propagation !== "rprivate") throw requires("readonly", "bind-propagation=rprivate");
}
