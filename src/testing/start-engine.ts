import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { connect, type EngineClient } from "../client/index.ts";
import { EngineError } from "../spec/index.ts";

export interface StartEngineOptions {
  /** The program; else `BERTH_BINARY`, else `berth` on the PATH. */
  binary?: string;
  /** Further flags of `berth daemon`: `["--log-level", "debug"]`. */
  flags?: readonly string[];
  /** What the daemon says of itself, a line at a time. */
  onLog?: (line: string) => void;
}

/** An engine that lives as long as it is wanted. */
export interface TestEngine extends AsyncDisposable {
  readonly client: EngineClient;
  /** `unix:///tmp/berth-…/berth.sock`, for `DOCKER_HOST`. */
  readonly host: string;
  /** Ends its containers and removes everything that it has made. */
  stop(): Promise<void>;
}

type Daemon = ChildProcessByStdio<Writable, Readable, Readable>;

/** How much of its log an error quotes, characters. */
const QUOTED = 2000;

/**
 * Starts an engine in a temporary place of its own; resolves when it answers. It ends by itself when this
 * process does. `failed-precondition` where it cannot be started, with what it said.
 */
export async function startEngine(options: StartEngineOptions = {}): Promise<TestEngine> {
  const binary = options.binary ?? findBinary();
  const flags = ["daemon", "--ephemeral", ...(options.flags ?? [])];
  const daemon = spawn(binary, flags, { stdio: ["pipe", "pipe", "pipe"] });
  const log = new DaemonLog(daemon.stderr, options.onLog);
  const host = await firstLine(daemon).catch((error: unknown) => {
    throw new EngineError("failed-precondition", `Cannot start "${binary}": ${log.tail}`, {
      cause: error,
    });
  });
  // Its end is for `stop` to wait for: the test runner may end before.
  daemon.unref();
  for (const pipe of [daemon.stdin, daemon.stdout, daemon.stderr]) unref(pipe);
  const stop = async (): Promise<void> => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.stdin.end();
    daemon.ref();
    await ended;
  };
  return { client: connect({ host }), host, stop, [Symbol.asyncDispose]: stop };
}

function findBinary(): string {
  const named = process.env["BERTH_BINARY"];
  if (named !== undefined) return named;
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  const found = directories.map((directory) => join(directory, "berth")).find(existsSync);
  if (found !== undefined) return found;
  throw new EngineError(
    "failed-precondition",
    'Cannot find the program "berth": put it on the PATH, or its path into BERTH_BINARY',
  );
}

/** Rejects where the daemon ends before it says one. */
async function firstLine(daemon: Daemon): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = "";
    daemon.once("error", reject);
    daemon.once("exit", () => reject(new Error("it has ended")));
    daemon.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}

class DaemonLog {
  tail = "";

  constructor(stream: Readable, onLine: (line: string) => void = () => {}) {
    let rest = "";
    stream.on("data", (chunk: Buffer) => {
      this.tail = (this.tail + chunk.toString()).slice(-QUOTED);
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    });
  }
}

/** A child's pipes are sockets in Node; in Bun those that are none keep nothing alive. */
function unref(pipe: Readable | Writable): void {
  (pipe as Partial<Socket>).unref?.();
}
