import { type Digest, isDigest } from "../spec/index.ts";
import { RegistryFault } from "./registry-fault.ts";

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** The bound that clients have for host and name together; also keeps file names within theirs. */
const LONGEST_NAME = 255;

/** OCI distribution-spec, "Pulling manifests". */
export function requireName(name: string): string {
  if (name.length <= LONGEST_NAME && NAME.test(name)) return name;
  throw new RegistryFault("NAME_INVALID", "invalid repository name", {
    detail: name.slice(0, 300),
  });
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

export function requireTag(text: string): string {
  if (isTag(text)) return text;
  throw new RegistryFault("TAG_INVALID", "manifest tag did not match URI", {
    detail: text.slice(0, 200),
  });
}

/** `sha256` and `sha512` are what the registry can verify. */
export function requireDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryFault("DIGEST_INVALID", "provided digest did not match uploaded content", {
    detail: `"${text.slice(0, 200)}" is not a digest that this registry can verify`,
  });
}

/** Does a glob (`*` within a component, `**` across) match the name? */
export function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .split(/(\*\*|\*|\?)/)
    .map((part) => {
      if (part === "**") return ".*";
      if (part === "*") return "[^/]*";
      return part === "?" ? "[^/]" : part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
  return new RegExp(`^${source}$`).test(name);
}
