import { defaultRegistryConfig, RemoteRepository } from "../../distribution/index.ts";
import { parseReference, type RegistryAuth } from "../../spec/index.ts";
import type { ContentSource, LocalSource } from "../content/content-source.ts";
import type { Origin } from "../registry-services.ts";
import { CachedSource, type CacheShelves } from "./cached-source.ts";
import type { UpstreamSettings } from "./upstream.ts";

interface Upstream {
  readonly settings: UpstreamSettings;
  /** The names here begin with it. */
  readonly prefix: string;
  readonly source: ContentSource;
}

/** Repositories that a process talks to again keep their connection's tokens. */
const MOST_REMOTES = 1000;

/** Finds out whose repository a name is. */
export class Upstreams {
  private readonly upstreams: readonly Upstream[];

  constructor(
    private readonly local: LocalSource,
    shelves: CacheShelves,
    settings: readonly UpstreamSettings[],
  ) {
    this.upstreams = settings.map((upstream) => {
      const prefix = upstream.prefix ?? upstream.registry.replaceAll(":", "-");
      const remote = remoteRepositories(upstream, prefix);
      return {
        settings: upstream,
        prefix,
        source: new CachedSource(shelves, upstream.freshFor, remote),
      };
    });
  }

  originOf({ url, name }: { readonly url: URL; readonly name: string }): Origin {
    const hosts = [url.searchParams.get("ns"), url.host, url.hostname];
    for (const { settings, prefix, source } of this.upstreams) {
      if (settings.host !== undefined && hosts.includes(settings.host)) {
        return { source, name: `${prefix}/${name}`, writable: false };
      }
      if (settings.prefix !== undefined && name.startsWith(`${prefix}/`)) {
        return { source, name, writable: false };
      }
    }
    return { source: this.local, name, writable: true };
  }
}

function remoteRepositories(
  { registry, login, insecure }: UpstreamSettings,
  prefix: string,
): (name: string) => RemoteRepository {
  const remotes = new Map<string, RemoteRepository>();
  const config = {
    ...defaultRegistryConfig,
    ...(insecure ? { insecureRegistries: [registry] } : {}),
  };
  const auth: RegistryAuth | undefined = login && { ...login, serveraddress: registry };
  return (name) => {
    const known = remotes.get(name);
    if (known !== undefined) return known;
    const reference = parseReference(`${registry}/${name.slice(prefix.length + 1)}`);
    const remote = new RemoteRepository(reference, { config, auth });
    if (remotes.size >= MOST_REMOTES) remotes.clear();
    remotes.set(name, remote);
    return remote;
  };
}
