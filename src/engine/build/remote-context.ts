import {
  gitTree,
  isArchive,
  ManifestTree,
  parseGitUrl,
  readArchive,
  type SourceTree,
  tarContext,
  UrlFetcher,
} from "../../build/index.ts";
import type { BuildContext } from "./build-context.ts";
import { isTrue } from "./builder-arguments.ts";

/** A git repository, or a tar or Dockerfile behind an address. */
export async function remoteContext(
  context: BuildContext,
  url: string,
  parts: {
    readonly held: DisposableStack;
    readonly signal: AbortSignal;
    readonly buildArgs?: ReadonlyMap<string, string>;
  },
): Promise<{ tree: SourceTree; text?: string }> {
  const { services } = context;
  const { store } = services.environment;
  const { held, signal } = parts;
  const git = parseGitUrl(url);
  if (git !== undefined) {
    const keeps = isTrue(parts.buildArgs?.get("BUILDKIT_CONTEXT_KEEP_GIT_DIR"));
    return { tree: await gitTree({ services, signal, held }, git, keeps) };
  }
  const fetcher = new UrlFetcher(services.files, store.records.collection("build-urls"));
  const { sha256 } = await fetcher.fetch(url, { onProgress: () => undefined, signal });
  const path = services.files.path(sha256);
  if (await isArchive(path)) {
    return { tree: await tarContext(services.files, readArchive(path), signal) };
  }
  const empty = new ManifestTree([], (digest) => services.files.path(digest));
  return { tree: empty, text: await Bun.file(path).text() };
}
