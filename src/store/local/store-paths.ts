import { join } from "node:path";
import { type ChainId, type Digest, splitDigest } from "../../spec/index.ts";

/** Places below the data root (docs/architecture.md). */
export class StorePaths {
  readonly root: string;
  readonly database: string;
  readonly lock: string;
  readonly blobs: string;
  readonly ingest: string;
  readonly layers: string;
  readonly containers: string;
  readonly volumes: string;
  readonly trash: string;
  /** On the file system of the volumes, which may be one of their own. */
  readonly volumeTrash: string;
  readonly deletedVolumes: string;
  readonly build: string;

  constructor(root: string) {
    this.root = root;
    this.database = join(root, "berth.db");
    this.lock = join(root, "lock");
    this.blobs = join(root, "content/blobs");
    this.ingest = join(root, "content/ingest");
    this.layers = join(root, "layers");
    this.containers = join(root, "containers");
    this.volumes = join(root, "volumes");
    this.trash = join(root, "trash");
    // No volume's name begins so.
    this.volumeTrash = join(this.volumes, ".trash");
    this.deletedVolumes = join(this.volumes, ".deleted");
    this.build = join(root, "build");
  }

  blob(digest: Digest): string {
    const [algorithm, hex] = splitDigest(digest);
    return `${this.blobs}/${algorithm}/${hex}`;
  }

  /** Holds `diff`, and `init` once a container has been made on the layer. */
  layer(chainId: ChainId): string {
    return `${this.layers}/${splitDigest(chainId as string as Digest)[1]}`;
  }

  container(id: string): string {
    return `${this.containers}/${id}`;
  }

  /** Holds `diff`, until that has become a layer's. */
  buildSnapshot(id: string): string {
    return `${this.build}/snapshots/${id}`;
  }

  volume(name: string): string {
    return `${this.volumes}/${name}`;
  }
}
