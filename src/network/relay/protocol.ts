import type { NamedSandbox } from "../dns/named-sandbox.ts";

/**
 * What the daemon and the port relay say to each other: one JSON object per line, over a Unix socket.
 * Every request is answered once, in order; each may be repeated safely.
 */

/** Where a container answers; the relay takes the family that it has. */
export interface RelayTarget {
  ipv4?: string;
  ipv6?: string;
  port: number;
}

/** One container port to be held on the host, at the same port of all addresses. */
export interface HoldRequest {
  protocol: "tcp" | "udp" | "sctp";
  hostIps: string[];
  /** Both 0: any free port. Else the first free one of the range. */
  first: number;
  last: number;
  target: RelayTarget;
}

export interface HoldFailure {
  /** Index into the requests. */
  request: number;
  hostIp: string;
  port: number;
  /** `allocated`: held for another endpoint. `all-allocated`: the whole range is. Else an errno name. */
  reason: string;
}

/** Everything that one endpoint holds. */
export interface EndpointHolds {
  endpoint: string;
  requests: HoldRequest[];
}

export type RelayRequest =
  /**
   * Holds all or none of the ports, in place of what the endpoint held before; on failure that stays. With
   * `from`, in place of what that endpoint held too: its ports pass over without being let go.
   */
  | ({ id: number; operation: "hold"; from?: string } & EndpointHolds)
  | { id: number; operation: "release"; endpoint: string }
  /** Ends the relay now, if it holds nothing. */
  | { id: number; operation: "end" }
  /** Serves names in a sandbox's namespace, or tells of changes there. */
  | { id: number; operation: "name"; sandbox: NamedSandbox }
  | { id: number; operation: "unname"; sandbox: string }
  /** Desired state: holds and serves exactly these, keeping what is right already. */
  | { id: number; operation: "adopt"; endpoints: EndpointHolds[]; names: NamedSandbox[] }
  /** Tells what is held and served. */
  | { id: number; operation: "report" };

/** What a relay holds and serves. */
export interface RelayReport {
  endpoints: EndpointHolds[];
  names: NamedSandbox[];
}

export type RelayAnswer =
  /** `ports`: one per request of a `hold`. */
  | {
      id: number;
      ok: true;
      ports: number[];
      failures: (HoldFailure & { endpoint: string })[];
      report?: RelayReport;
    }
  | { id: number; ok: false; failure: HoldFailure }
  | { id: number; ok: false; error: string };

export const relaySocketPath = (execRoot: string): string => `${execRoot}/relay.sock`;

/** Splits a byte stream into lines; `push` gives those that are complete. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  push(chunk: Uint8Array | string): string[] {
    const text = typeof chunk === "string" ? chunk : this.#decoder.decode(chunk, { stream: true });
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    return parts;
  }
}
