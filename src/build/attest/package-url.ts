import { familiarName, type Platform, platformString, type Reference } from "../../spec/index.ts";

/** One part of a package URL: a colon may stand as it is (package-url specification, "Character encoding"). */
const encode = (text: string): string => encodeURIComponent(text).replaceAll("%3A", ":");

/** `pkg:deb/debian/bash@5.2?arch=amd64`; qualifiers in the order of their names, empty ones left out. */
export function packageUrl(
  type: string,
  path: readonly string[],
  version: string,
  qualifiers: Readonly<Record<string, string>> = {},
): string {
  const name = path.filter((part) => part !== "").map(encode);
  const pairs = Object.entries(qualifiers)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`);
  const at = version === "" ? "" : `@${encode(version)}`;
  return `pkg:${type}/${name.join("/")}${at}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

/** An image as BuildKit names it in statements. */
export function imageUrl(reference: Reference, platform: Platform): string {
  const { tag, digest } = reference;
  const version = tag ?? (digest === undefined ? "latest" : "");
  return packageUrl("docker", familiarName(reference).split("/"), version, {
    platform: platformString(platform),
    digest: digest ?? "",
  });
}
