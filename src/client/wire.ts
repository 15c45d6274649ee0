import type { ClientTls, Endpoint } from "./endpoint.ts";

export type RequestBody = string | Uint8Array | Blob | AsyncIterable<Uint8Array>;

export interface WireRequest {
  readonly endpoint: Endpoint;
  readonly tls?: ClientTls;
  readonly method: string;
  /** Below the endpoint's origin: path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly signal?: AbortSignal;
}

/** What happens on a bare connection. */
export interface WireEvents {
  opened(socket: WireSocket): void;
  received(chunk: Uint8Array): void;
  /** There is room for more. */
  drained(): void;
  /** The other side has ended its half. */
  ended(): void;
  closed(): void;
  failed(error: Error): void;
}

export interface WireSocket {
  /** How many bytes were taken; after fewer than all of them `drained` follows. */
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
  /** Ends our half once everything written has been sent. */
  shutdown(): void;
  /** Drops the connection. */
  terminate(): void;
}

/** The ways to a daemon that a JavaScript runtime has. */
export interface Wire {
  /** Resolves with the head, whatever its status; waits without limit. */
  send(request: WireRequest): Promise<Response>;
  /** Resolves once the connection stands. */
  connect(endpoint: Endpoint, tls: ClientTls | undefined, events: WireEvents): Promise<void>;
}
