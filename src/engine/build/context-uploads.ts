import {
  type BuildServices,
  ManifestTree,
  type SourceTree,
  tarContext,
} from "../../build/index.ts";
import {
  type BuildContextEntry,
  type BuildContextNeeds,
  decodeContextStream,
  invalidArgument,
  notFound,
} from "../../spec/index.ts";

/** An unused context is forgotten after so long. Milliseconds. */
const IDLE = 3600 * 1000;

interface Upload {
  readonly tree: SourceTree;
  /** sha256 of files that have not come yet, hex. */
  readonly missing: Set<string>;
  readonly digests: ReadonlySet<string>;
  usedAt: number;
}

/** Contexts that clients have sent. They live in memory and in the pool of files; a restart forgets them. */
export class ContextUploads {
  readonly #services: BuildServices;
  readonly #uploads = new Map<string, Upload>();

  constructor(services: BuildServices) {
    this.#services = services;
  }

  /** Takes a manifest and says what is missing. */
  async begin(entries: AsyncIterable<BuildContextEntry>): Promise<BuildContextNeeds> {
    this.#forgetIdle();
    const { files } = this.#services;
    const listed: BuildContextEntry[] = [];
    for await (const entry of entries) listed.push(entry);
    const tree = new ManifestTree(listed, (sha256) => files.path(sha256));
    const digests = digestsOf(tree);
    const missing = new Set([...digests].filter((sha256) => !files.has(sha256)));
    const id = crypto.randomUUID();
    this.#uploads.set(id, { tree, missing, digests, usedAt: Date.now() });
    return { id, missing: [...missing] };
  }

  /** Takes files that were missing. */
  async receive(id: string, body: AsyncIterable<Uint8Array>): Promise<BuildContextNeeds> {
    const upload = this.#get(id);
    const { files } = this.#services;
    let incoming: Awaited<ReturnType<typeof files.begin>> | undefined;
    let header = { sha256: "", left: 0 };
    const finish = async (): Promise<void> => {
      if (incoming === undefined || header.left > 0) return;
      await incoming.commit(header.sha256);
      incoming = undefined;
      upload.missing.delete(header.sha256);
    };
    try {
      for await (const part of decodeContextStream(body)) {
        if (part instanceof Uint8Array) {
          await incoming?.write(part);
          header.left -= part.length;
        } else {
          header = { sha256: part.sha256, left: part.size };
          incoming = await files.begin();
        }
        await finish();
      }
    } catch (error) {
      throw error instanceof RangeError
        ? invalidArgument(`Cannot take the context: ${error.message}`)
        : error;
    } finally {
      await incoming?.abort();
    }
    upload.usedAt = Date.now();
    return { id, missing: [...upload.missing] };
  }

  /** Takes a whole tar, compressed or not. */
  async receiveTar(
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<BuildContextNeeds> {
    this.#forgetIdle();
    using _used = this.#services.files.use();
    const tree = await tarContext(this.#services.files, body, signal);
    const id = crypto.randomUUID();
    const missing = new Set<string>();
    this.#uploads.set(id, { tree, missing, digests: digestsOf(tree), usedAt: Date.now() });
    return { id, missing: [] };
  }

  /** `not-found`; `failed-precondition` while files are missing. */
  use(id: string): SourceTree {
    const upload = this.#get(id);
    if (upload.missing.size > 0) {
      throw invalidArgument(
        `Cannot use the context "${id}": ${upload.missing.size} files are missing`,
      );
    }
    upload.usedAt = Date.now();
    return upload.tree;
  }

  isUsed(sha256: string): boolean {
    for (const { digests } of this.#uploads.values()) if (digests.has(sha256)) return true;
    return false;
  }

  #get(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw notFound(`no such build context: ${id}`);
    return upload;
  }

  #forgetIdle(): void {
    for (const [id, { usedAt }] of this.#uploads) {
      if (Date.now() - usedAt >= IDLE) this.#uploads.delete(id);
    }
  }
}

function digestsOf(tree: ManifestTree): ReadonlySet<string> {
  const digests = new Set<string>();
  for (const [, { type }, sha256] of tree.entries()) if (type === "file") digests.add(sha256);
  return digests;
}
