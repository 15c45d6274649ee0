import { cleanPath } from "../../../spec/index.ts";
import type { Plain } from "../node.ts";

interface VolumeMount {
  [key: string]: Plain;
}

const PROPAGATIONS = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];
const CONSISTENCIES = ["consistent", "cached", "delegated"];

/**
 * `[source:]target[:options]` as a mapping. A source that begins with `.`, `/` or `~` is a directory of
 * the host. Compose Specification, "Short syntax" of `volumes`. Throws Error.
 */
export function expandVolume(text: string): VolumeMount {
  if (text === "") throw new Error("invalid empty volume spec");
  const parts = text.split(":");
  if (parts.length === 1) return mount("volume", undefined, text, []);
  const [source = "", target = "", options = "", ...rest] = parts;
  if (source === "" || target === "")
    throw new Error(`invalid spec: ${text}: empty section between colons`);
  if (rest.length > 0) throw new Error(`invalid spec: ${text}: too many colons`);
  const type = isHostPath(source) ? "bind" : "volume";
  return mount(type, source, target, options === "" ? [] : options.split(","));
}

const isHostPath = (source: string): boolean => /^(?:[./~]|[A-Za-z]:[\\/])/.test(source);

function mount(
  type: "bind" | "volume",
  source: string | undefined,
  target: string,
  options: readonly string[],
): VolumeMount {
  const result: VolumeMount = { type };
  if (source !== undefined) result["source"] = source;
  result["target"] = cleanPath(target);
  const bind: Record<string, Plain> = {};
  const volume: Record<string, Plain> = {};
  for (const option of options) {
    if (option === "ro") result["read_only"] = true;
    else if (option === "nocopy") volume["nocopy"] = true;
    else if (option === "z" || option === "Z") bind["selinux"] = option;
    else if (PROPAGATIONS.includes(option)) bind["propagation"] = option;
    else if (CONSISTENCIES.includes(option)) result["consistency"] = option;
  }
  if (type === "bind") result["bind"] = { ...bind, create_host_path: true };
  else {
    result["volume"] = volume;
    if (Object.keys(bind).length > 0) result["bind"] = bind;
  }
  return result;
}
