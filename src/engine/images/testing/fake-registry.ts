import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Digest, sha256 } from "../../../spec/index.ts";

interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** A registry in memory, on loopback, that counts what it is asked for. */
export class FakeRegistry {
  readonly blobs = new Map<string, Uint8Array>();
  /** `repository:tag` and `repository@digest`. */
  readonly manifests = new Map<string, StoredManifest>();
  /** `GET /v2/…` of every request. */
  readonly requests: string[] = [];
  /** Called before a blob is served; true: it has answered. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  private readonly uploads = new Map<string, Buffer[]>();

  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  static async start(): Promise<FakeRegistry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const registry = new FakeRegistry(
      server,
      `127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    server.on("request", (request, response) => registry.answer(request, response));
    return registry;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  addBlob(bytes: Uint8Array | string): { digest: Digest; size: number } {
    const buffer = Buffer.from(bytes);
    const digest = sha256(buffer);
    this.blobs.set(digest, buffer);
    return { digest, size: buffer.length };
  }

  /** Returns the manifest's descriptor. */
  addManifest(repository: string, tag: string | undefined, document: { mediaType: string }) {
    const bytes = Buffer.from(JSON.stringify(document));
    const stored = { bytes, mediaType: document.mediaType };
    const digest = sha256(bytes);
    this.manifests.set(`${repository}@${digest}`, stored);
    if (tag !== undefined) this.manifests.set(`${repository}:${tag}`, stored);
    return { mediaType: document.mediaType, digest, size: bytes.length };
  }

  /** How often a blob was asked for. */
  downloads(digest: string): number {
    return this.requests.filter((line) => line.startsWith("GET ") && line.endsWith(digest)).length;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://registry");
    this.requests.push(`${request.method} ${url.pathname}`);
    const [, repository = "", kind, name = ""] =
      /^\/v2\/(.+)\/(manifests|blobs|tags|uploads)\/(.*)$/.exec(url.pathname) ?? [];
    if (url.pathname === "/v2/") response.end("{}");
    else if (kind === "tags") this.tags(repository, response);
    else if (kind === "manifests") this.manifest(request, response, repository, name);
    else if (kind === "uploads") this.upload(request, response, name, url);
    else if (kind === "blobs") this.blob(request, response, name);
    else fail(response, 404, "UNSUPPORTED");
  }

  private tags(repository: string, response: ServerResponse): void {
    const prefix = `${repository}:`;
    const tags = [...this.manifests.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
    response.end(JSON.stringify({ name: repository, tags }));
  }

  private manifest(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    name: string,
  ): void {
    if (request.method === "PUT") {
      collect(request, (bytes) => {
        const mediaType = request.headers["content-type"] ?? "";
        this.manifests.set(`${repository}:${name}`, { bytes, mediaType });
        response.writeHead(201).end();
      });
      return;
    }
    const stored = this.manifests.get(`${repository}${name.includes(":") ? "@" : ":"}${name}`);
    if (stored === undefined) fail(response, 404, "MANIFEST_UNKNOWN");
    else response.writeHead(200, { "Content-Type": stored.mediaType }).end(stored.bytes);
  }

  private blob(request: IncomingMessage, response: ServerResponse, digest: string): void {
    const blob = this.blobs.get(digest);
    if (blob === undefined) fail(response, 404, "BLOB_UNKNOWN");
    else if (request.method === "HEAD") response.writeHead(200).end();
    else if (!this.intercept?.(request, response)) this.sendBlob(request, response, blob);
  }

  private sendBlob(request: IncomingMessage, response: ServerResponse, blob: Uint8Array): void {
    const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader("Content-Range", `bytes ${from}-${blob.length - 1}/${blob.length}`);
    }
    response.setHeader("Content-Length", blob.length - from);
    response.end(blob.subarray(from));
  }

  private upload(request: IncomingMessage, response: ServerResponse, name: string, url: URL): void {
    if (request.method === "POST") this.beginUpload(response, url);
    else collect(request, (bytes) => this.takeUpload(response, name, url, bytes));
  }

  private beginUpload(response: ServerResponse, url: URL): void {
    const mounted = url.searchParams.get("mount");
    if (mounted !== null && this.blobs.has(mounted)) {
      response.writeHead(201).end();
      return;
    }
    const session = String(this.uploads.size);
    this.uploads.set(session, []);
    response.writeHead(202, { Location: `${url.pathname}${session}` }).end();
  }

  private takeUpload(response: ServerResponse, name: string, url: URL, bytes: Buffer): void {
    const parts = this.uploads.get(name) ?? [];
    parts.push(bytes);
    const digest = url.searchParams.get("digest");
    const whole = Buffer.concat(parts);
    if (digest === null) response.writeHead(202, { Location: url.pathname }).end();
    else if (sha256(whole) !== digest) fail(response, 400, "DIGEST_INVALID");
    else {
      this.blobs.set(digest, whole);
      response.writeHead(201).end();
    }
  }
}

function collect(request: IncomingMessage, done: (bytes: Buffer) => void): void {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => done(Buffer.concat(parts)));
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(JSON.stringify({ errors: [{ code, message: "" }] }));
}
