import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { decodeContextStream } from "../../../spec/context-stream.ts";
import { parseDigest } from "../../../spec/digest.ts";
import type { BuildContextEntry, BuildEvent, BuildRequest } from "../../../spec/index.ts";

export interface ReceivedContext {
  readonly entries: BuildContextEntry[];
  /** Content by sha256. */
  readonly files: Map<string, string>;
}

/** Takes contexts and builds as a daemon does, and builds nothing: what it is told is kept for the test. */
export class BuildDaemon {
  readonly directory = mkdtempSync(`${tmpdir()}/berth-build-daemon-`);
  readonly contexts: ReceivedContext[] = [];
  readonly requests: BuildRequest[] = [];
  /** Bytes of tars. */
  readonly tars: number[] = [];
  /** What the next build says between its first and last line. */
  events: BuildEvent[] = [];
  end: BuildEvent | undefined = RESULT;
  output = "tar of an output";
  readonly #known = new Set<string>();
  readonly #server = Bun.serve({
    unix: `${this.directory}/socket`,
    fetch: (request) => this.#answer(request),
  });

  get host(): string {
    return `unix://${this.directory}/socket`;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
    rmSync(this.directory, { recursive: true });
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/version") return Response.json({ Platform: { Name: "Berth Engine" } });
    if (pathname === "/berth/contexts") return this.#openContext(await request.text());
    if (pathname === "/berth/contexts/tar") {
      this.tars.push((await request.arrayBuffer()).byteLength);
      return Response.json({ id: "tar", missing: [] });
    }
    const files = /^\/berth\/contexts\/(\d+)\/files$/.exec(pathname)?.[1];
    if (files !== undefined) return this.#takeFiles(Number(files), request);
    if (pathname === "/berth/builds") return this.#build((await request.json()) as BuildRequest);
    if (pathname === "/berth/builds/b1/output") return new Response(this.output);
    return Response.json({ message: `no ${pathname}` }, { status: 404 });
  }

  #openContext(text: string): Response {
    const lines = text.split("\n").filter((line) => line !== "");
    const entries = lines.map((line) => JSON.parse(line) as BuildContextEntry);
    this.contexts.push({ entries, files: new Map() });
    const digests = new Set(entries.flatMap(({ sha256 }) => sha256 ?? []));
    const missing = [...digests].filter((each) => !this.#known.has(each));
    return Response.json({ id: String(this.contexts.length - 1), missing });
  }

  async #takeFiles(index: number, request: Request): Promise<Response> {
    const context = this.contexts[index];
    let current = "";
    for await (const part of decodeContextStream(request.body ?? new ReadableStream())) {
      if ("sha256" in part) {
        current = part.sha256;
        this.#known.add(current);
        context?.files.set(current, "");
      } else {
        const before = context?.files.get(current) ?? "";
        context?.files.set(current, before + Buffer.from(part).toString());
      }
    }
    return Response.json({});
  }

  #build(request: BuildRequest): Response {
    this.requests.push(request);
    const all: (BuildEvent | undefined)[] = [
      { type: "build", id: "b1", at: AT },
      ...this.events,
      this.end,
    ];
    return new Response(
      all.map((event) => (event === undefined ? "" : `${JSON.stringify(event)}\n`)).join(""),
    );
  }
}

export const AT = "2026-01-02T03:04:05.000Z";
export const IMAGE_ID = `sha256:${"1".repeat(64)}`;
const RESULT: BuildEvent = {
  type: "result",
  at: AT,
  images: [
    {
      platform: "linux/amd64",
      id: IMAGE_ID,
      manifest: { mediaType: "m", digest: parseDigest(`sha256:${"2".repeat(64)}`), size: 1 },
    },
  ],
  tags: [],
  metadata: { "containerimage.config.digest": IMAGE_ID },
};
