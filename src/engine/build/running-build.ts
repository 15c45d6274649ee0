import type { Duplex } from "node:stream";

/** A build under way, as requests beside its own reach it. */
export interface RunningBuild {
  readonly id: string;
  /** Agents that the client is asked to join, by channel: resolves when the connection has ended. */
  readonly channels: ReadonlyMap<number, (connection: Duplex) => Promise<void>>;
  /** Outputs that the client is to read, by index. */
  readonly outputs: ReadonlyMap<number, () => AsyncIterable<Uint8Array>>;
}
