import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the proxy does to one request instead of passing it on as it is. */
export interface Interference {
  /** Breaks the connection after so many bytes of the answer's body. */
  cutAfter?: number;
  /** Answers so itself. */
  answer?: { status: number; headers?: Record<string, string>; body?: string };
  /** Bytes per second of the answer's body. */
  rate?: number;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Stands before a registry on the loopback, keeps a list of requests, and interferes when told to. */
export class RegistryProxy {
  readonly seen: SeenRequest[] = [];
  /** Asked for each request. */
  interfere: (request: SeenRequest) => Interference | undefined = () => undefined;
  private readonly server = createServer((incoming, outgoing) => this.pass(incoming, outgoing));

  private constructor(private readonly upstream: string) {}

  static async start(upstream: string): Promise<RegistryProxy> {
    const proxy = new RegistryProxy(upstream);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Requests for blobs with a body. */
  blobs(): SeenRequest[] {
    return this.seen.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = "GET", url = "/", headers } = incoming;
    const seen = { method, path: url, range: headers.range, authorization: headers.authorization };
    this.seen.push(seen);
    const { cutAfter, answer, rate } = this.interfere(seen) ?? {};
    if (answer !== undefined) {
      incoming.resume();
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    const [host, port] = this.upstream.split(":");
    const onward = request({ host, port, method, path: url, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      let passed = 0;
      response.on("data", (chunk: Buffer) => {
        passed += chunk.length;
        if (cutAfter !== undefined && passed >= cutAfter) {
          outgoing.write(chunk.subarray(0, chunk.length - (passed - cutAfter)), () =>
            outgoing.destroy(),
          );
          response.destroy();
          return;
        }
        outgoing.write(chunk);
        if (rate === undefined) return;
        response.pause();
        setTimeout(() => response.resume(), (chunk.length / rate) * 1000);
      });
      response.on("end", () => outgoing.end());
      response.on("error", () => outgoing.destroy());
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
