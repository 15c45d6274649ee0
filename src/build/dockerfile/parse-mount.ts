import { parseByteSize } from "../../spec/byte-size.ts";
import { csvFields } from "../../spec/csv-fields.ts";
import type { MountFlag, MountType, RunMount } from "./ast.ts";
import { didYouMean } from "./suggest.ts";

/** A mount that says something impossible; `subject` is the piece at fault. */
export class MountFault extends Error {
  readonly subject: string;
  readonly hint: string | undefined;

  constructor(message: string, subject: string, hint?: string) {
    super(message);
    this.subject = subject;
    this.hint = hint;
  }
}

const FIRST_SPELLING: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
  rw: "readwrite",
};

const WITHOUT_VALUE: ReadonlySet<string> = new Set(["readonly", "readwrite", "required"]);

const KEYS: Readonly<Record<MountType, readonly string[]>> = {
  bind: ["from", "source", "target", "readonly", "readwrite"],
  cache: [..."id from source target readonly readwrite sharing mode uid gid".split(" ")],
  tmpfs: ["target", "size", "readonly", "readwrite"],
  secret: ["id", "source", "target", "env", "required", "mode", "uid", "gid", "readonly"],
  ssh: ["id", "source", "target", "required", "mode", "uid", "gid", "readonly"],
};

const isMountType = (text: string): text is MountType => Object.hasOwn(KEYS, text);

/** `type=cache,target=/root/.cache`: checks type and keys; values wait for their variables. */
export function readMountFlag(text: string): MountFlag {
  let type: MountType = "bind";
  const options = new Map<string, string>();
  for (const field of fields(text)) {
    const at = field.indexOf("=");
    const written = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    const key = FIRST_SPELLING[written] ?? written;
    if (at < 0 && !WITHOUT_VALUE.has(key)) {
      throw new MountFault(`invalid field '${field}' must be a key=value pair`, field);
    }
    const value = at < 0 ? "true" : field.slice(at + 1);
    if (key === "type") type = readType(value);
    else options.set(key, value);
  }
  const allowed = KEYS[type];
  for (const key of options.keys()) {
    if (allowed.includes(key)) continue;
    const known = Object.values(KEYS).some((keys) => keys.includes(key));
    throw new MountFault(
      known
        ? `unexpected key '${key}' for mount type '${type}'`
        : `unexpected key '${key}' in '${text}'`,
      key,
      known ? undefined : didYouMean(key, [...allowed, ...Object.keys(FIRST_SPELLING), "type"]),
    );
  }
  const from = options.get("from");
  if (from !== undefined && /\$./.test(from)) {
    throw new MountFault(
      "'from' doesn't support variable expansion, define alias stage instead",
      from,
    );
  }
  options.delete("from");
  return { type, options, text, ...(from === undefined ? {} : { from }) };
}

function fields(text: string): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw new MountFault(`failed to parse mount "${text}": ${String(error)}`, text);
  }
}

function readType(value: string): MountType {
  const type = value.toLowerCase();
  if (isMountType(type)) return type;
  throw new MountFault(
    `unsupported mount type "${value}"`,
    value,
    didYouMean(value, Object.keys(KEYS)) ?? `known are ${Object.keys(KEYS).join(", ")}`,
  );
}

/** The mount with its values, all of them expanded by `expand`. Throws `MountFault`. */
export function resolveMount(flag: MountFlag, expand: (word: string) => string): RunMount {
  const values = new Map([...flag.options].map(([key, value]) => [key, expand(value)] as const));
  const from = flag.from === undefined ? {} : { from: flag.from };
  switch (flag.type) {
    case "bind":
      return {
        type: "bind",
        target: target(flag, values),
        source: values.get("source") || "/",
        writable: isWritable(values, false),
        ...from,
      };
    case "cache":
      return { ...cache(flag, values), ...from };
    case "tmpfs":
      return { type: "tmpfs", target: target(flag, values), ...size(values) };
    case "secret":
      return secret(flag, values);
    case "ssh":
      return {
        type: "ssh",
        id: values.get("id") || values.get("source") || "default",
        required: truth(values, "required"),
        ...optional("target", values),
        ...owner(values),
      };
  }
}

function cache(
  flag: MountFlag,
  values: ReadonlyMap<string, string>,
): Extract<RunMount, { type: "cache" }> {
  const sharing = (values.get("sharing") || "shared").toLowerCase();
  if (sharing !== "shared" && sharing !== "private" && sharing !== "locked") {
    const known = ["shared", "private", "locked"];
    throw new MountFault(
      `unsupported sharing value "${sharing}"`,
      sharing,
      didYouMean(sharing, known) ?? `known are ${known.join(", ")}`,
    );
  }
  const place = target(flag, values);
  return {
    type: "cache",
    id: values.get("id") || place,
    target: place,
    readOnly: !isWritable(values, true),
    sharing,
    ...optional("source", values),
    ...owner(values),
  };
}

function secret(flag: MountFlag, values: ReadonlyMap<string, string>): RunMount {
  const named = values.get("id");
  const source = values.get("source");
  if (named && source) throw new MountFault("both source and id can't be set", flag.text);
  const place = values.get("target");
  const id = named || source || (place === undefined ? "" : (place.split("/").at(-1) ?? ""));
  if (id === "") {
    throw new MountFault("invalid secret mount. one of source, target required", flag.text);
  }
  const env = values.get("env");
  const isFile = place !== undefined || env === undefined;
  return {
    type: "secret",
    id,
    required: truth(values, "required"),
    ...(isFile ? { target: place || `/run/secrets/${id}` } : {}),
    ...(env === undefined ? {} : { env: env || id }),
    ...owner(values),
  };
}

function target(flag: MountFlag, values: ReadonlyMap<string, string>): string {
  const place = values.get("target");
  if (place) return place;
  throw new MountFault(
    `a mount of type "${flag.type}" needs a target`,
    flag.text,
    "add target=/path",
  );
}

const optional = <K extends string>(
  key: K,
  values: ReadonlyMap<string, string>,
): { [key in K]?: string } => {
  const value = values.get(key);
  return value === undefined || value === "" ? {} : ({ [key]: value } as { [key in K]?: string });
};

function truth(values: ReadonlyMap<string, string>, key: string): boolean {
  const value = values.get(key);
  if (value === undefined) return false;
  if (/^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw new MountFault(`invalid value for ${key}: ${value}`, value, "true or false");
}

function isWritable(values: ReadonlyMap<string, string>, otherwise: boolean): boolean {
  if (values.has("readonly")) return !truth(values, "readonly");
  return values.has("readwrite") ? truth(values, "readwrite") : otherwise;
}

function owner(values: ReadonlyMap<string, string>): { mode?: number; uid?: number; gid?: number } {
  const read = (key: "mode" | "uid" | "gid"): { mode?: number; uid?: number; gid?: number } => {
    const text = values.get(key);
    if (text === undefined) return {};
    const base = key === "mode" ? 8 : 10;
    const fits = key === "mode" ? /^[0-7]{1,7}$/ : /^[0-9]{1,10}$/;
    const number = Number.parseInt(text, base);
    if (!fits.test(text) || number > 0xffffffff) {
      throw new MountFault(`invalid value ${text} for ${key}`, text);
    }
    return { [key]: number };
  };
  return { ...read("mode"), ...read("uid"), ...read("gid") };
}

function size(values: ReadonlyMap<string, string>): { size?: number } {
  const text = values.get("size");
  if (text === undefined) return {};
  try {
    return { size: parseByteSize(text) };
  } catch {
    throw new MountFault(`invalid value for size: ${text}`, text, "a size as in 64m or 1g");
  }
}
