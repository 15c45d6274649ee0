import { randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { MediaType } from "../../src/spec/index.ts";
import { encodeTarEntry, TAR_END } from "./sample-tar.ts";

export interface SampleOptions {
  architecture?: string;
  /** Bytes of noise in each layer. */
  layers?: readonly number[];
  compression?: "gzip" | "zstd" | "none";
  /** The noise of an earlier layer again, so that images share it. */
  seed?: string;
  headers?: Record<string, string>;
}

interface Entry {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { os: string; architecture: string };
}

const sha256 = (bytes: Uint8Array): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;

/** Images made in a registry by its API alone, so that no client under test has had a hand in them. */
export class Samples {
  constructor(
    private readonly address: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  /** An image with `/layer<n>` files; returns the manifest's descriptor. */
  async image(repository: string, tag: string, options: SampleOptions = {}): Promise<Entry> {
    const { architecture = "amd64", layers = [1000], compression = "gzip", seed } = options;
    const blobs: Entry[] = [];
    const diffIds: string[] = [];
    for (const [index, size] of layers.entries()) {
      const noise = seed === undefined ? randomBytes(size) : seeded(`${seed}${index}`, size);
      const tar = Buffer.concat([encodeTarEntry(`layer${index}`, noise), TAR_END]);
      diffIds.push(sha256(tar));
      const [bytes, mediaType] = packed(tar, compression);
      blobs.push({ mediaType, ...(await this.blob(repository, bytes)) });
    }
    const config = Buffer.from(
      JSON.stringify({
        architecture,
        os: "linux",
        config: {},
        rootfs: { type: "layers", diff_ids: diffIds },
      }),
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, ...(await this.blob(repository, config)) },
      layers: blobs,
    };
    return await this.manifest(repository, tag, manifest);
  }

  /** An image for two platforms, the second of which no client here has a use for. */
  async index(repository: string, tag: string): Promise<Entry & { manifests: Entry[] }> {
    const manifests: Entry[] = [];
    for (const architecture of ["amd64", "s390x"]) {
      const entry = await this.image(repository, `${tag}-${architecture}`, { architecture });
      manifests.push({ ...entry, platform: { os: "linux", architecture } });
    }
    const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests };
    return { ...(await this.manifest(repository, tag, index)), manifests };
  }

  async manifest(repository: string, tag: string, value: { mediaType: string }): Promise<Entry> {
    const bytes = Buffer.from(JSON.stringify(value));
    const { mediaType } = value;
    await this.send("PUT", `${repository}/manifests/${tag}`, mediaType, bytes);
    return { mediaType, digest: sha256(bytes), size: bytes.length };
  }

  async blob(repository: string, bytes: Uint8Array): Promise<{ digest: string; size: number }> {
    const digest = sha256(bytes);
    const begun = await this.send("POST", `${repository}/blobs/uploads/`);
    const target = new URL(begun.headers.get("location") ?? "", `http://${this.address}`);
    target.searchParams.set("digest", digest);
    const path = `${target.pathname.slice("/v2/".length)}${target.search}`;
    await this.send("PUT", path, "application/octet-stream", bytes);
    return { digest, size: bytes.length };
  }

  /** Docker-Content-Digest of what the registry has under a name; undefined where it has nothing. */
  async digest(repository: string, reference: string): Promise<string | undefined> {
    const accept = Object.values(MediaType).join(", ");
    const url = `http://${this.address}/v2/${repository}/manifests/${reference}`;
    const response = await fetch(url, { headers: { ...this.headers, accept } });
    const bytes = Buffer.from(await response.arrayBuffer());
    return response.ok ? sha256(bytes) : undefined;
  }

  async read(repository: string, reference: string): Promise<Record<string, unknown>> {
    const accept = Object.values(MediaType).join(", ");
    const url = `http://${this.address}/v2/${repository}/manifests/${reference}`;
    const response = await fetch(url, { headers: { ...this.headers, accept } });
    return (await response.json()) as Record<string, unknown>;
  }

  private async send(
    method: string,
    path: string,
    type?: string,
    body?: Uint8Array,
  ): Promise<Response> {
    const headers = { ...this.headers, ...(type === undefined ? {} : { "Content-Type": type }) };
    const response = await fetch(`http://${this.address}/v2/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}

function seeded(seed: string, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let length = 0, count = 0; length < size; length += 32, count++) {
    parts.push(new Bun.CryptoHasher("sha256").update(`${seed}${count}`).digest() as Buffer);
  }
  return Buffer.concat(parts).subarray(0, size);
}

function packed(tar: Buffer, compression: "gzip" | "zstd" | "none"): [Buffer, string] {
  if (compression === "gzip") return [gzipSync(tar, { level: 1 }), MediaType.ociLayerGzip];
  if (compression === "zstd") return [zstdCompressSync(tar), MediaType.ociLayerZstd];
  return [tar, MediaType.ociLayer];
}
