import { posix } from "node:path";
import { cleanPath, errorMessage, invalidArgument, type Mount } from "../../../spec/index.ts";
import type { MountRecord } from "../container-record.ts";
import { isMountMode, isPropagation, type MountMode, parseMountMode } from "./mount-mode.ts";

/** A mount that was asked for; a volume's name, driver and source are filled in when it is made. */
export interface WantedMount extends MountRecord {
  volume?: { driver?: string; labels?: Record<string, string>; options?: Record<string, string> };
}

/** `[SOURCE:]TARGET[:MODE]` of `-v`. Throws Docker's words. */
export function parseBind(text: string, volumeDriver: string): WantedMount {
  const fields = text.split(":");
  const [first = "", second, third] = fields;
  const wellFormed =
    fields.length <= 3 && first !== "" && !(fields.length === 2 && isMountMode(second ?? ""));
  if (!wellFormed) throw invalidArgument(`invalid volume specification: '${text}'`);
  const source = second === undefined ? "" : first;
  const target = second ?? first;
  if (!isMountMode(third ?? "")) throw invalidArgument(`invalid mode: ${third}`);
  const mode = parseMountMode(third ?? "");
  try {
    checkTarget(target);
  } catch (error) {
    const type = posix.isAbsolute(source) ? "bind" : "volume";
    throw invalidArgument(
      `invalid volume specification: '${text}': invalid mount config for type "${type}": ${errorMessage(error)}`,
    );
  }
  const shared = {
    destination: cleanPath(target),
    mode: third ?? "",
    readWrite: mode.readWrite,
  };
  const isBind = posix.isAbsolute(source);
  refuseForeignWords(text, isBind, mode);
  if (isBind) {
    return {
      ...blank("bind"),
      ...shared,
      source: cleanPath(source),
      propagation: mode.propagation ?? "rprivate",
      createSource: true,
    };
  }
  return {
    ...blank("volume"),
    ...shared,
    ...(source === "" ? {} : { name: source }),
    anonymous: source === "",
    copyUp: mode.copyUp,
    volume: volumeDriver === "" ? {} : { driver: volumeDriver },
  };
}

/** Words of `-v` that mean nothing for its kind of mount, in the words of the API's fields. */
function refuseForeignWords(text: string, isBind: boolean, mode: MountMode): void {
  const foreign = isBind ? !mode.copyUp : mode.propagation !== undefined;
  if (!foreign) return;
  const [type, field] = isBind ? ["bind", "VolumeOptions"] : ["volume", "BindOptions"];
  throw invalidArgument(
    `invalid volume specification: '${text}': invalid mount config for type "${type}": field ${field} must not be specified`,
  );
}

/** `--mount`. `sourceExists` looks at the host. Throws Docker's words. */
export function parseMount(mount: Mount, sourceExists: (path: string) => boolean): WantedMount {
  try {
    checkExclusiveOptions(mount);
    if (!mount.Target) throw invalidArgument("field Target must not be empty");
    checkTarget(mount.Target);
    return {
      ...wantedByType(mount, sourceExists),
      destination: cleanPath(mount.Target),
      readWrite: mount.ReadOnly !== true && mount.Type !== "image",
    };
  } catch (error) {
    throw invalidArgument(
      `invalid mount config for type "${mount.Type}": ${errorMessage(error)}`,
      error,
    );
  }
}

/** `CONTAINER[:MODE]` of `--volumes-from`. */
export function parseVolumesFrom(text: string): { container: string; readWrite: boolean } {
  if (text === "") throw invalidArgument("volumes-from specification cannot be an empty string");
  const colon = text.indexOf(":");
  if (colon < 0) return { container: text, readWrite: true };
  const mode = text.slice(colon + 1);
  const parsed = parseMountMode(mode);
  if (parsed.propagation !== undefined || !parsed.copyUp) {
    throw invalidArgument(`invalid mode: ${mode}`);
  }
  return { container: text.slice(0, colon), readWrite: parsed.readWrite };
}

/** A volume that the image or `-v TARGET` declares. */
export function anonymousVolume(target: string, volumeDriver: string): WantedMount {
  checkTarget(target);
  return {
    ...blank("volume"),
    destination: cleanPath(target),
    anonymous: true,
    copyUp: true,
    volume: volumeDriver === "" ? {} : { driver: volumeDriver },
  };
}

function blank(type: MountRecord["type"]): WantedMount {
  return {
    type,
    source: "",
    destination: "",
    mode: "",
    readWrite: true,
    propagation: "",
    anonymous: false,
    copyUp: false,
    createSource: false,
  };
}

function wantedByType(mount: Mount, sourceExists: (path: string) => boolean): WantedMount {
  switch (mount.Type) {
    case "bind":
      return wantedBind(mount, sourceExists);
    case "volume":
      return wantedVolume(mount);
    case "tmpfs":
      return wantedTmpfs(mount);
    case "image":
      return wantedImage(mount);
    default:
      throw invalidArgument("mount type unknown");
  }
}

function wantedBind(mount: Mount, sourceExists: (path: string) => boolean): WantedMount {
  const options = mount.BindOptions ?? {};
  const source = mount.Source ?? "";
  if (source === "") throw invalidArgument("field Source must not be empty");
  const propagation = options.Propagation || "rprivate";
  if (!isPropagation(propagation)) {
    throw invalidArgument(`invalid propagation mode: ${propagation}`);
  }
  checkAbsolute(source);
  if (options.CreateMountpoint !== true && !sourceExists(source)) {
    throw invalidArgument(`bind source path does not exist: ${source}`);
  }
  const idmap = options.IdMap ?? "";
  if (idmap !== "") checkIdMap(idmap);
  const recursiveReadOnly = options.ReadOnlyForceRecursive
    ? "required"
    : options.ReadOnlyNonRecursive
      ? "never"
      : "if-possible";
  return {
    ...blank("bind"),
    source: cleanPath(source),
    propagation,
    createSource: options.CreateMountpoint === true,
    recursiveReadOnly,
    ...(options.NonRecursive === true ? { nonRecursive: true } : {}),
    ...(idmap === "" ? {} : { idmap }),
  };
}

function wantedVolume(mount: Mount): WantedMount {
  const options = mount.VolumeOptions ?? {};
  const name = mount.Source ?? "";
  const subpath = options.Subpath ?? "";
  if (subpath !== "") {
    if (name === "") throw invalidArgument("must not set Subpath when using anonymous volumes");
    if (!isLocalPath(subpath)) {
      throw invalidArgument("subpath must be a relative path within the volume");
    }
  }
  const idmap = options.IdMap ?? "";
  if (idmap !== "") checkIdMap(idmap);
  const driver = options.DriverConfig?.Name;
  const driverOptions = options.DriverConfig?.Options;
  return {
    ...blank("volume"),
    ...(name === "" ? {} : { name }),
    anonymous: name === "",
    mode: "z",
    copyUp: options.NoCopy !== true,
    ...(subpath === "" ? {} : { subpath }),
    ...(idmap === "" ? {} : { idmap }),
    volume: {
      ...(driver === undefined ? {} : { driver }),
      ...(options.Labels === undefined ? {} : { labels: options.Labels }),
      ...(driverOptions === undefined ? {} : { options: driverOptions }),
    },
  };
}

function wantedImage(mount: Mount): WantedMount {
  const source = mount.Source ?? "";
  const subpath = mount.ImageOptions?.Subpath ?? "";
  if (source === "") throw invalidArgument("field Source must not be empty");
  if (subpath !== "" && !isLocalPath(subpath)) {
    throw invalidArgument("subpath must be a relative path within the image");
  }
  return { ...blank("image"), source, ...(subpath === "" ? {} : { subpath }) };
}

const ID_RANGES = /^(?:\d+-\d+-\d+)(?:#\d+-\d+-\d+)*$/;

function checkIdMap(text: string): void {
  if (text === "owner") return;
  const parts = text.split(";").map((part) => /^(uids|gids)=(.*)$/.exec(part));
  if (parts.every((part) => part !== null && ID_RANGES.test(part[2] ?? ""))) return;
  throw invalidArgument(
    `invalid idmap "${text}": use idmap alone, or idmap=uids=DISK-CONTAINER-COUNT[#…];gids=DISK-CONTAINER-COUNT[#…]`,
  );
}

function wantedTmpfs(mount: Mount): WantedMount {
  if (mount.Source) throw invalidArgument("field Source must not be specified");
  const options = mount.TmpfsOptions ?? {};
  const extra = (options.Options ?? []).map((option) => {
    if (option.length < 1 || option.length > 2) {
      throw invalidArgument("invalid option array length");
    }
    if (option[0] !== "exec" && option[0] !== "noexec") {
      throw invalidArgument(`invalid option: ${option[0]}`);
    }
    return option.join("=");
  });
  return {
    ...blank("tmpfs"),
    tmpfsOptions: [
      ...(options.Mode ? [`mode=${options.Mode.toString(8)}`] : []),
      ...(options.SizeBytes ? [`size=${options.SizeBytes}`] : []),
      ...extra,
    ],
  };
}

function checkExclusiveOptions(mount: Mount): void {
  const owners = { Bind: "bind", Volume: "volume", Image: "image", Tmpfs: "tmpfs" } as const;
  for (const [prefix, type] of Object.entries(owners)) {
    const field = `${prefix}Options` as keyof Mount;
    if (mount.Type !== type && mount[field] != null) {
      throw invalidArgument(`field ${field} must not be specified`);
    }
  }
}

export function checkTarget(target: string): void {
  if (posix.normalize(target).replace(/\/+$/, "") === "") {
    throw invalidArgument("invalid specification: destination can't be '/'");
  }
  checkAbsolute(target);
}

function checkAbsolute(path: string): void {
  if (!posix.isAbsolute(path)) {
    throw invalidArgument(`invalid mount path: '${path}' mount path must be absolute`);
  }
}

function isLocalPath(path: string): boolean {
  const clean = posix.normalize(path);
  return !posix.isAbsolute(clean) && clean !== ".." && !clean.startsWith("../");
}
