import { createServer, connect as dial, type Server, type Socket } from "node:net";
import type { Answer } from "../api/check-answer.ts";

/**
 * A unix socket that passes everything on to the daemon's and back, and keeps the JSON answers that went
 * over it. Streams (hijacked connections, bodies without a length) go through unseen.
 */
export class RecordingProxy {
  readonly answers: Answer[] = [];
  readonly #server: Server;

  private constructor(daemon: string) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#connect(client, daemon));
  }

  static async listen(path: string, daemon: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(daemon);
    await new Promise<void>((resolve) => proxy.#server.listen({ path }, resolve));
    return proxy;
  }

  close(): void {
    this.#server.close();
  }

  #connect(client: Socket, path: string): void {
    const daemon = dial({ path, allowHalfOpen: true });
    const requests = new HeadReader();
    const answers = new HeadReader();
    const asked: string[] = [];
    requests.onMessage = ({ first }) => asked.push(first);
    answers.onMessage = ({ first, body, type }) => {
      const [method = "", target = ""] = (asked.shift() ?? "").split(" ");
      const status = Number(first.split(" ")[1]);
      if (type.includes("json")) this.answers.push({ method, path: target, status, body });
    };
    const pass = (from: Socket, to: Socket, reader: HeadReader): void => {
      from.on("data", (chunk: Buffer) => {
        reader.push(chunk);
        if (!to.write(chunk)) from.pause();
      });
      to.on("drain", () => from.resume());
      from.once("end", () => to.end());
      from.on("error", () => to.destroy());
      from.once("close", () => {
        if (from.errored) to.destroy();
      });
    };
    pass(client, daemon, requests);
    pass(daemon, client, answers);
  }
}

interface Message {
  /** The first line of the head. */
  first: string;
  type: string;
  body: string;
}

/** Messages with a length out of one direction of a connection, until one comes that has none. */
class HeadReader {
  onMessage: (message: Message) => void = () => {};
  #pending = Buffer.alloc(0);
  #blind = false;

  push(chunk: Buffer): void {
    if (this.#blind) return;
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#next());
  }

  #next(): boolean {
    const end = this.#pending.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#pending.subarray(0, end).toString("latin1");
    const first = head.split("\r\n")[0] ?? "";
    const header = (name: string) => new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1] ?? "";
    const hasNoBody = / (?:1\d\d|204|304) /.test(first) || !/^HTTP/.test(first);
    const length = header("content-length");
    const streams = /chunked/i.test(header("transfer-encoding")) || /^HTTP.* 101 /.test(first);
    const answerWithoutLength = length === "" && !hasNoBody;
    if (streams || answerWithoutLength) {
      if (!/^HTTP/.test(first)) this.onMessage({ first, type: "", body: "" });
      this.#blind = true;
      this.#pending = Buffer.alloc(0);
      return false;
    }
    const size = Number(length === "" ? 0 : length);
    if (this.#pending.length < end + 4 + size) return false;
    const body = this.#pending.subarray(end + 4, end + 4 + size).toString();
    this.#pending = this.#pending.subarray(end + 4 + size);
    this.onMessage({ first, type: header("content-type"), body });
    return true;
  }
}
