import type { Duplex } from "node:stream";
import type { BuildEvent } from "../../spec/index.ts";

/** A build under way, as requests beside its own reach it. */
export interface RunningBuild {
  readonly id: string;
  /** Agents that the client is asked to join, by channel. */
  readonly channels: Map<number, (connection: Duplex) => void>;
  /** Outputs that the client is to read, by index. */
  readonly outputs: Map<number, (taken: OutputTaken) => void>;
  /** Who follows the log. */
  readonly followers: Set<(event: BuildEvent | undefined) => void>;
}

/** A client has come for an output: it gets the bytes, and says when it has them. */
export interface OutputTaken {
  resolve(bytes: AsyncIterable<Uint8Array>): void;
  reject(error: unknown): void;
}
