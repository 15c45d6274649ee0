import type { RemoteRepository } from "../../distribution/index.ts";

const PAGE_LIMIT = 16 << 20;

/** Every repository that the registry shows, over all pages of the list. `anyRepository` leads to it. */
export async function listRepositories(anyRepository: RemoteRepository): Promise<string[]> {
  const names: string[] = [];
  let next: string | undefined = "v2/_catalog?n=1000";
  while (next !== undefined) {
    const response = await anyRepository.write({
      method: "GET",
      path: next,
      scope: "registry:catalog:*",
    });
    const { repositories } = JSON.parse(
      Buffer.from(await response.bytes(PAGE_LIMIT)).toString(),
    ) as { repositories?: unknown };
    if (Array.isArray(repositories)) {
      names.push(...repositories.filter((name) => typeof name === "string"));
    }
    const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(
      response.headers.get("link") ?? "",
    )?.[1];
    const url = target === undefined ? null : URL.parse(target, response.url);
    next = url !== null && url.origin === new URL(response.url).origin ? url.href : undefined;
  }
  return names;
}

/** By tag the name alone, by digest the manifest. */
export async function removeReference(
  repository: RemoteRepository,
  tagOrDigest: string,
): Promise<void> {
  const response = await repository.write({
    method: "DELETE",
    path: `v2/${repository.path}/manifests/${tagOrDigest}`,
    scope: repository.scope("delete"),
  });
  response.discard();
}
