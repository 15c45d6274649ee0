import { RegistryFault } from "../registry-fault.ts";

/** The specification's endpoints (OCI distribution-spec, "Endpoints"), and Docker's catalog. */
export type Resource =
  | "base"
  | "catalog"
  | "tags"
  | "referrers"
  | "manifest"
  | "blob"
  | "uploads"
  | "upload";

export interface Route {
  readonly resource: Resource;
  readonly name: string;
  readonly reference: string;
}

const PATTERNS: readonly (readonly [Resource, RegExp])[] = [
  ["base", /^\/v2\/?$/],
  ["catalog", /^\/v2\/_catalog$/],
  ["tags", /^\/v2\/(.+)\/tags\/list$/],
  ["uploads", /^\/v2\/(.+)\/blobs\/uploads\/?$/],
  ["upload", /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/],
  ["referrers", /^\/v2\/(.+)\/referrers\/([^/]+)$/],
  ["manifest", /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ["blob", /^\/v2\/(.+)\/blobs\/([^/]+)$/],
];

/** Undefined for a path that is none of the API's. */
export function findRoute(path: string): Route | undefined {
  for (const [resource, pattern] of PATTERNS) {
    const match = pattern.exec(path);
    if (match === null) continue;
    return { resource, name: decode(match[1] ?? ""), reference: decode(match[2] ?? "") };
  }
  return undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RegistryFault("NAME_INVALID", "invalid percent-encoding in the path");
  }
}
