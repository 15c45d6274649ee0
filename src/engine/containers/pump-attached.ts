import type { Duplex } from "node:stream";
import { DetachScanner } from "./detach-keys.ts";

/** `ended`: nothing more comes; `detached`: the user typed the keys; `gone`: the client went away. */
export type AttachOutcome = "ended" | "detached" | "gone";

export interface PumpOptions {
  /** Does the client's input go to the process? */
  stdin: boolean;
  /** What leaves a terminal without ending its process; undefined: nothing does. */
  keys: Uint8Array | undefined;
}

/**
 * Carries bytes between a client and a process's stdio until one side is done, each direction no faster
 * than its reader. Leaves the client's side open: the caller ends it.
 */
export function pumpAttached(
  client: Duplex,
  stream: Duplex,
  options: PumpOptions,
): Promise<AttachOutcome> {
  const scanner = options.keys === undefined ? undefined : new DetachScanner(options.keys);
  const { promise, resolve } = Promise.withResolvers<AttachOutcome>();
  const finish = (outcome: AttachOutcome) => {
    if (outcome !== "ended") stream.destroy();
    resolve(outcome);
  };
  stream.on("data", (chunk: Uint8Array) => {
    if (!client.write(chunk)) stream.pause();
  });
  client.on("drain", () => stream.resume());
  stream.once("end", () => finish("ended"));
  stream.once("error", () => finish("ended"));
  stream.once("close", () => finish("ended"));

  const feed = (bytes: Uint8Array) => {
    if (bytes.length > 0 && !stream.write(bytes)) client.pause();
  };
  client.on("data", (chunk: Uint8Array) => {
    if (!options.stdin || stream.destroyed || stream.writableEnded) return;
    if (scanner === undefined) return feed(chunk);
    const { output, detached } = scanner.scan(chunk);
    feed(output);
    if (detached) finish("detached");
  });
  stream.on("drain", () => client.resume());
  client.once("end", () => {
    if (!options.stdin || stream.destroyed) return;
    if (scanner !== undefined) feed(scanner.flush());
    stream.end();
  });
  client.once("error", () => finish("gone"));
  client.once("close", () => finish("gone"));
  // Whoever had them before may have paused them, and a listener alone does not undo that.
  stream.resume();
  client.resume();
  if (client.destroyed) finish("gone");
  // A process can be over, and its stream with it, before anybody listens.
  if (stream.destroyed || stream.readableEnded) finish("ended");
  return promise;
}
