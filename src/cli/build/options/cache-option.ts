import type { BuildCacheExtent, BuildCacheTarget } from "../../../spec/index.ts";
import { AttributeReader, readAttributes } from "./attribute-list.ts";
import { readLayerForm } from "./layer-form-option.ts";

/** `--cache-from`; a directory is sent as a context before the build. */
export type CacheSourceOption =
  | { readonly type: "registry"; readonly reference: string }
  | { readonly type: "local"; readonly directory: string };

/** `--cache-to`, and the directory on this machine that a local one goes to. */
export interface CacheTargetOption {
  readonly target: BuildCacheTarget;
  readonly destination?: string;
}

/** `name:tag`, `type=registry,ref=…`, `type=local,src=…`. */
export function parseCacheSource(text: string): CacheSourceOption {
  if (!text.includes("=")) return { type: "registry", reference: text };
  const reader = new AttributeReader(readAttributes(text, "--cache-from"), "--cache-from");
  const type = reader.take("type") ?? "registry";
  if (type === "registry") {
    const reference = reader.take("ref") ?? missing("--cache-from", "ref");
    reader.take("registry.insecure");
    reader.end(["type", "ref"]);
    return { type, reference };
  }
  if (type === "local") {
    const directory = reader.take("src", "source") ?? missing("--cache-from", "src");
    reader.take("digest", "tag");
    reader.end(["type", "src"]);
    return { type, directory };
  }
  throw new Error(`unknown cache type "${type}" of --cache-from: known are registry, local`);
}

/** `type=inline`, `type=registry,ref=…,mode=max`, `type=local,dest=…`, `name:tag`. */
export function parseCacheTarget(text: string): CacheTargetOption {
  if (!text.includes("=")) return { target: { type: "registry", reference: text } };
  const reader = new AttributeReader(readAttributes(text, "--cache-to"), "--cache-to");
  const type = reader.take("type") ?? "registry";
  const extent = readExtent(reader);
  // What they ask for is how a cache is written anyway.
  reader.take("oci-mediatypes", "image-manifest");
  if (type === "inline") {
    reader.end(["type"]);
    return { target: { type } };
  }
  if (type === "registry") {
    const reference = reader.take("ref") ?? missing("--cache-to", "ref");
    reader.end(["type", "ref", ...EXTENT]);
    return { target: { type, reference, ...extent } };
  }
  if (type === "local") {
    const destination = reader.take("dest", "destination") ?? missing("--cache-to", "dest");
    reader.end(["type", "dest", ...EXTENT]);
    return { target: { type, ...extent }, destination };
  }
  throw new Error(`unknown cache type "${type}" of --cache-to: known are inline, registry, local`);
}

const EXTENT = [
  "mode",
  "compression",
  "compression-level",
  "force-compression",
  "ignore-error",
] as const;

function readExtent(reader: AttributeReader): BuildCacheExtent {
  const ignoreError = reader.takeBoolean("ignore-error");
  return {
    ...readMode(reader.take("mode")),
    ...readLayerForm(reader),
    ...(ignoreError === undefined ? {} : { ignoreError }),
  };
}

function readMode(text: string | undefined): { mode?: "min" | "max" } {
  if (text === undefined) return {};
  if (text === "min" || text === "max") return { mode: text };
  throw new Error(`unknown cache mode "${text}": min or max`);
}

function missing(flag: string, name: string): never {
  throw new Error(`${flag} needs ${name}=…`);
}
