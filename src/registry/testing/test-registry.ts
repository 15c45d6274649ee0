import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Descriptor, type Digest, MediaType, sha256 } from "../../spec/index.ts";
import { RegistryLog } from "../registry-log.ts";
import { parseSettings } from "../registry-settings.ts";
import { type RunningRegistry, serveRegistry } from "../serve-registry.ts";

/** A registry on a free port of the loopback with a directory of its own. */
export class TestRegistry {
  readonly lines: string[] = [];

  private constructor(
    readonly root: string,
    private readonly settings: object,
    private running: RunningRegistry | undefined,
  ) {}

  static async start(settings: object = {}): Promise<TestRegistry> {
    const root = await mkdtemp(join(tmpdir(), "berth-registry-"));
    const registry = new TestRegistry(root, settings, undefined);
    try {
      await registry.restart();
    } catch (error) {
      await rm(root, { recursive: true, force: true });
      throw error;
    }
    return registry;
  }

  get url(): string {
    return this.running?.url ?? "";
  }

  get host(): string {
    return new URL(this.url).host;
  }

  /** The same storage and another process, as far as the registry can tell. */
  async restart(): Promise<void> {
    await this.running?.stop();
    const settings = parseSettings({ root: this.root, addr: "127.0.0.1:0", ...this.settings });
    const log = new RegistryLog("info", (line) => this.lines.push(line));
    this.running = await serveRegistry(settings, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running?.stop();
    await rm(this.root, { recursive: true, force: true });
  }

  async send(method: string, path: string, options: RequestInit = {}): Promise<Response> {
    const target = /^https?:/.test(path) ? path : `${this.url}${path}`;
    return await fetch(target, { redirect: "manual", ...options, method });
  }

  /** Resolves with the upload's path. */
  async startUpload(name: string, query = ""): Promise<string> {
    const response = await this.send("POST", `/v2/${name}/blobs/uploads/${query}`);
    if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
    return response.headers.get("location") ?? "";
  }

  async pushBlob(name: string, bytes: string | Uint8Array): Promise<Descriptor> {
    const digest = sha256(bytes);
    const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
    const response = await this.send("POST", path, { body: bytes as string });
    if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
    const size = Buffer.byteLength(bytes);
    return { mediaType: MediaType.ociLayer, digest, size };
  }

  async putManifest(
    name: string,
    reference: string,
    manifest: object | string,
    type: string = MediaType.ociManifest,
  ): Promise<Response> {
    const body = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
    const headers = { "Content-Type": type };
    return await this.send("PUT", `/v2/${name}/manifests/${reference}`, { body, headers });
  }

  /** An image with one layer of the given content. Resolves with its manifest's digest. */
  async pushImage(name: string, tag: string, content: string, extra: object = {}): Promise<Digest> {
    const manifest = await this.imageManifest(name, content, extra);
    const response = await this.putManifest(name, tag, manifest);
    if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
    return response.headers.get("docker-content-digest") as Digest;
  }

  async imageManifest(name: string, content: string, extra: object = {}): Promise<object> {
    const config = { ...(await this.pushBlob(name, "{}")), mediaType: MediaType.ociConfig };
    const layer = await this.pushBlob(name, content);
    return {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config,
      layers: [layer],
      ...extra,
    };
  }
}

/** The specification's error code of a refusal. */
export async function codeOf(response: Response): Promise<string | undefined> {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  return errors[0]?.code;
}
