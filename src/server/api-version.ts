import { EngineError } from "../spec/index.ts";

/** API versions are 1.x throughout; only x is kept. */
export const MINIMUM_VERSION = 24;
export const MAXIMUM_VERSION = 56;
/**
 * What a request means that names no version: the last one that still has all that older ones had. 1.52 and
 * its followers took fields away that tools which name no version read.
 */
export const DEFAULT_VERSION = 51;

export interface VersionedPath {
  /** As it stands in the path (`1.51`); undefined: the default is meant. */
  version: string | undefined;
  path: string;
}

/** Splits `/v1.51/containers/json`. */
export function splitVersion(path: string): VersionedPath {
  if (path.charCodeAt(1) !== 0x76 /* v */) return { version: undefined, path };
  const match = /^\/v([0-9.]+)(?=\/)/.exec(path);
  if (match?.[1] === undefined) return { version: undefined, path };
  return { version: match[1], path: path.slice(match[0].length) };
}

/** The minor version that a request is served with. @throws invalid-argument, in Docker's words */
export function checkVersion(version: string | undefined): number {
  if (version === undefined) return DEFAULT_VERSION;
  const [major = 0, minor = 0, ...rest] = version.split(".").map(Number);
  const beyond = rest.some((part) => part > 0);
  if (major < 1 || (major === 1 && minor < MINIMUM_VERSION)) {
    throw new EngineError(
      "invalid-argument",
      `client version ${version} is too old. Minimum supported API version is 1.${MINIMUM_VERSION}, please upgrade your client to a newer version`,
    );
  }
  if (major > 1 || minor > MAXIMUM_VERSION || (minor === MAXIMUM_VERSION && beyond)) {
    throw new EngineError(
      "invalid-argument",
      `client version ${version} is too new. Maximum supported API version is 1.${MAXIMUM_VERSION}`,
    );
  }
  return minor;
}
