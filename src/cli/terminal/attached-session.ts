import type { HijackedStream } from "../../client/index.ts";
import type { Output } from "../output.ts";
import { copyFrames } from "./copy-frames.ts";
import { DEFAULT_DETACH_KEYS, DetachKeyFilter, parseDetachKeys } from "./detach-keys.ts";
import type { TerminalControl } from "./terminal-control.ts";

export interface SessionOptions {
  stream: HijackedStream;
  /** The container's process has a terminal: bytes pass through unchanged. */
  tty: boolean;
  /** Forward what is typed. */
  stdin: boolean;
  stdout?: Output;
  stderr?: Output;
  detachKeys?: string;
  terminal: TerminalControl;
}

const STDIN = 0;

export type SessionEnd = "ended" | "detached";

/**
 * Joins the terminal or the pipes of this process to a container until its output ends or the user
 * detaches. The terminal's mode is put back in every case.
 */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  const restore = options.tty && options.stdin ? options.terminal.makeRaw(STDIN) : () => {};
  const emergency = (): void => restore();
  process.on("exit", emergency);
  try {
    return await exchange(options);
  } finally {
    restore();
    process.off("exit", emergency);
  }
}

async function exchange(options: SessionOptions): Promise<SessionEnd> {
  const { stream, stdout, stderr, tty, stdin } = options;
  const input = stdin
    ? forwardInput(stream, tty ? detachFilter(options.detachKeys) : undefined)
    : undefined;
  if (stdout === undefined && stderr === undefined) {
    const end = (await input?.done) ?? "ended";
    return end;
  }
  const output = copyOutput(options).then((): SessionEnd => "ended");
  // The end of input is not the end: the process may still speak. Only detaching is.
  const detached = new Promise<SessionEnd>((resolve) => {
    input?.done.then((end) => end === "detached" && resolve(end)).catch(() => {});
  });
  try {
    return await Promise.race([output, detached]);
  } finally {
    input?.cancel();
    stream.close();
  }
}

function detachFilter(keys: string | undefined): DetachKeyFilter {
  let sequence = parseDetachKeys(DEFAULT_DETACH_KEYS);
  try {
    if (keys !== undefined && keys !== "") sequence = parseDetachKeys(keys);
  } catch {
    // The daemon refuses unknown keys in words; here the default ones serve.
  }
  return new DetachKeyFilter(sequence);
}

function forwardInput(
  stream: HijackedStream,
  filter: DetachKeyFilter | undefined,
): { done: Promise<SessionEnd>; cancel(): void } {
  const reader = Bun.stdin.stream().getReader();
  const forward = async (): Promise<SessionEnd> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await stream.write(filter?.push(value) ?? value);
      if (filter?.detached === true) return "detached";
    }
    stream.end();
    return "ended";
  };
  return {
    done: forward(),
    cancel: () => {
      reader.cancel().catch(() => {});
    },
  };
}

async function copyOutput({ stream, tty, stdout, stderr }: SessionOptions): Promise<void> {
  if (tty) {
    for await (const chunk of stream.output) await stdout?.send(chunk);
    return;
  }
  await copyFrames(stream.output, stdout, stderr);
}
