import { resolve } from "node:path";
import type { EngineClient } from "../../client/index.ts";
import { IgnorePatterns } from "../../spec/ignore-patterns.ts";
import type { BuildCacheSource, BuildContextSource } from "../../spec/index.ts";
import { type LocatedContext, locateTree } from "./context/locate-context.ts";
import { type Upload, uploadContext } from "./context/upload-context.ts";
import type { CacheSourceOption } from "./options/cache-option.ts";
import type { NamedContext } from "./options/named-context.ts";

export interface SendOptions {
  readonly client: EngineClient;
  readonly cacheDirectory: string | undefined;
  readonly signal: AbortSignal;
  /** Hears of what was sent, by the context's name. */
  readonly onUpload: (name: string, upload: Upload) => void;
}

/** Sends what stands on this machine, and answers what the daemon is to take. */
export async function sendContext(
  located: LocatedContext,
  options: SendOptions,
  name = "context",
): Promise<BuildContextSource> {
  const { client, signal } = options;
  switch (located.kind) {
    case "directory": {
      const { root, ignore } = located;
      const upload = await uploadContext(client, { ...options, root, ignore });
      options.onUpload(name, upload);
      return { kind: "upload", id: upload.id };
    }
    case "tar": {
      const { id } = await client.builds.openTarContext(located.body, signal);
      return { kind: "upload", id };
    }
    case "git":
    case "url":
      return { kind: located.kind, url: located.url };
    case "empty":
      return { kind: "empty" };
  }
}

/** `--build-context`: directories are sent, everything else the daemon fetches. */
export async function sendNamedContexts(
  contexts: readonly NamedContext[],
  options: SendOptions,
): Promise<Readonly<Record<string, BuildContextSource>>> {
  const found: Record<string, BuildContextSource> = {};
  for (const { name, value } of contexts) {
    found[name] = await sendNamed(name, value, options);
  }
  return found;
}

async function sendNamed(
  name: string,
  value: string,
  options: SendOptions,
): Promise<BuildContextSource> {
  const image = /^docker-image:\/\/(.+)$/.exec(value)?.[1];
  if (image !== undefined) return { kind: "image", reference: image };
  const layout = /^oci-layout:\/\/(.+)$/.exec(value)?.[1];
  if (layout !== undefined) return sendTree(layout.replace(/[:@][^/]*$/, ""), name, options);
  return sendContext(locateTree(value), options, name);
}

async function sendTree(
  directory: string,
  name: string,
  options: SendOptions,
): Promise<BuildContextSource> {
  const ignore = IgnorePatterns.of([]);
  const located = { kind: "directory", root: resolve(directory), ignore } as const;
  return sendContext(located, options, name);
}

/** `--cache-from`: layouts on this machine are sent like contexts. */
export async function sendCacheSources(
  sources: readonly CacheSourceOption[],
  options: SendOptions,
): Promise<readonly BuildCacheSource[]> {
  const found: BuildCacheSource[] = [];
  for (const source of sources) {
    if (source.type === "registry") found.push(source);
    else {
      const sent = await sendTree(source.directory, `cache ${source.directory}`, options);
      if (sent.kind === "upload") found.push({ type: "local", context: sent.id });
    }
  }
  return found;
}
