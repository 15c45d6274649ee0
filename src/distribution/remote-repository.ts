import {
  type Descriptor,
  type Digest,
  EngineError,
  errorKind,
  isDigest,
  type Reference,
  type RegistryAuth,
  sha256,
} from "../spec/index.ts";
import { readBlob } from "./blob-download.ts";
import { EndpointSession, type RegistryRequest } from "./endpoint-session.ts";
import { type HttpResponse, HttpTransport, pause } from "./http-transport.ts";
import { type AnyManifest, manifestTypes, parseManifest, verifyDigest } from "./manifest.ts";
import { endpointsOf, type RegistryConfig } from "./registry-config.ts";

/** Manifests above this are refused, as registries do too. Bytes. */
const MANIFEST_LIMIT = 4 << 20;
const TAG_PAGE_LIMIT = 16 << 20;

/** A manifest as a registry has it: the bytes are verified against the digest. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly content: AnyManifest;
}

export interface RepositoryOptions {
  readonly config: RegistryConfig;
  readonly auth?: RegistryAuth | undefined;
  readonly transport?: HttpTransport;
}

/** One repository of a registry, with the registry's mirrors before it. */
export class RemoteRepository {
  readonly path: string;
  private readonly transport: HttpTransport;
  private sessions: EndpointSession[];

  constructor(reference: Reference, options: RepositoryOptions) {
    this.path = reference.path;
    this.transport = options.transport ?? new HttpTransport();
    this.sessions = endpointsOf(reference.domain, options.config).map(
      (endpoint) => new EndpointSession(endpoint, this.transport, options.auth),
    );
  }

  /** By tag or digest. `not-found`; `invalid-argument` for one that is not what it claims to be. */
  async manifest(tagOrDigest: string, signal?: AbortSignal): Promise<FetchedManifest> {
    return await this.anywhere(async (session) => {
      const response = await session.request({
        path: `v2/${this.path}/manifests/${tagOrDigest}`,
        scope: this.scope("pull"),
        headers: { Accept: manifestTypes.join(", ") },
        signal,
      });
      const bytes = await response.bytes(MANIFEST_LIMIT);
      const told = response.headers.get("docker-content-digest") ?? "";
      const digest = manifestDigest(bytes, tagOrDigest, told);
      const content = parseManifest(bytes, response.headers.get("content-type") ?? "");
      const descriptor = { mediaType: content.mediaType, digest, size: bytes.length };
      return { descriptor, bytes, content };
    });
  }

  /** Every tag, over all pages of the list. */
  async tags(signal?: AbortSignal): Promise<string[]> {
    return await this.anywhere(async (session) => {
      const tags: string[] = [];
      let next: string | undefined = `v2/${this.path}/tags/list`;
      while (next !== undefined) {
        const response = await session.request({ path: next, scope: this.scope("pull"), signal });
        const text = Buffer.from(await response.bytes(TAG_PAGE_LIMIT)).toString();
        const page = (JSON.parse(text) as { tags?: unknown }).tags;
        if (Array.isArray(page)) tags.push(...page.filter((tag) => typeof tag === "string"));
        next = nextPage(response.headers.get("link"), response.url);
      }
      return tags;
    });
  }

  /**
   * The blob's bytes from `start` on. A broken download goes on where it broke; its size is checked, its
   * digest is the reader's to check.
   */
  blob(
    descriptor: Descriptor,
    options: { start?: number; signal?: AbortSignal | undefined } = {},
  ): AsyncIterable<Uint8Array> {
    const { start = 0, signal } = options;
    return readBlob(descriptor, start, this.transport, signal, async (position) => {
      const headers: Record<string, string> =
        position === 0 ? {} : { Range: `bytes=${position}-${descriptor.size - 1}` };
      try {
        return await this.anywhere((session) =>
          session.request({
            path: `v2/${this.path}/blobs/${descriptor.digest}`,
            scope: this.scope("pull"),
            headers,
            accept: [416],
            signal,
          }),
        );
      } catch (error) {
        if (errorKind(error) !== "not-found" || !descriptor.urls) throw error;
        return await this.elsewhere(descriptor, descriptor.urls, headers, signal);
      }
    });
  }

  /** A foreign layer, from the places that its descriptor names; nobody's credentials go there. */
  private async elsewhere(
    { digest }: Descriptor,
    urls: readonly string[],
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    for (const url of urls) {
      if (!/^https?:\/\//.test(url)) continue;
      const response = await this.transport.send({ method: "GET", url, headers, signal });
      if (response.status < 300 || response.status === 416) return response;
      response.discard();
    }
    throw new EngineError("not-found", `Cannot download "${digest}": no URL of it answers with it`);
  }

  /** A request to the registry itself, never to a mirror: for everything that changes it. */
  async write(request: Omit<RegistryRequest, "scope"> & { scope?: string }) {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new EngineError("internal", "no endpoint");
    return await session.request({ scope: this.scope("pull,push"), ...request });
  }

  /** Waits as long as a busy server deserves after that many failures. */
  async backOff(failures: number, signal?: AbortSignal): Promise<void> {
    await pause(this.transport.backOff(failures), signal);
  }

  scope(actions: string): string {
    return `repository:${this.path}:${actions}`;
  }

  /** Tries the endpoints in turn; the one that answered is the first to be asked from then on. */
  private async anywhere<T>(ask: (session: EndpointSession) => Promise<T>): Promise<T> {
    for (const session of this.sessions) {
      const last = session === this.sessions.at(-1);
      try {
        const answer = await ask(session);
        if (!last || this.sessions.length > 1) this.prefer(session);
        return answer;
      } catch (error) {
        if (last || !(error instanceof EngineError)) throw error;
      }
    }
    throw new EngineError("internal", "no endpoint");
  }

  /** The registry itself stays the last resort. */
  private prefer(session: EndpointSession): void {
    if (session === this.sessions.at(-1)) return;
    this.sessions = [session, ...this.sessions.filter((other) => other !== session)];
  }
}

function manifestDigest(bytes: Uint8Array, asked: string, told: string): Digest {
  const expected = isDigest(asked) ? asked : isDigest(told) ? told : undefined;
  if (expected !== undefined && !verifyDigest(bytes, expected)) {
    throw new EngineError(
      "invalid-argument",
      `manifest verification failed for digest ${expected}`,
    );
  }
  return isDigest(asked) ? asked : sha256(bytes);
}

/** `Link: </v2/…>; rel="next"` (RFC 8288), resolved; pages of another server are not followed. */
function nextPage(header: string | null, base: string): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(header ?? "")?.[1];
  const url = target === undefined ? null : URL.parse(target, base);
  return url !== null && url.origin === new URL(base).origin ? url.href : undefined;
}
