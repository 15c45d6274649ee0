import { EngineError, type ErrorKind } from "../spec/index.ts";

const KIND: Readonly<Record<number, ErrorKind>> = {
  304: "not-modified",
  400: "invalid-argument",
  401: "unauthenticated",
  403: "permission-denied",
  404: "not-found",
  409: "conflict",
  501: "not-implemented",
  503: "unavailable",
};

/** The daemon's own answer: `message` is what it said. */
export class DaemonError extends EngineError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(KIND[status] ?? "internal", message);
    this.name = "DaemonError";
    this.status = status;
  }
}

/** Nobody answered, or the connection broke. */
export class ConnectionError extends EngineError {
  constructor(message: string, cause: unknown) {
    super("unavailable", message, { cause });
    this.name = "ConnectionError";
  }
}

/** Makes the error of a response that is none of success; `body` is `{"message": …}` or plain text. */
export function daemonError(status: number, body: string): DaemonError {
  return new DaemonError(status, errorText(body) ?? `the daemon answered with status ${status}`);
}

function errorText(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && "message" in value) {
      return String(value.message);
    }
  } catch {
    // Proxies and very old daemons answer in plain text.
  }
  return body.trim() || undefined;
}

/** Says what is wrong with a connection to `host`, as far as the failure tells. */
export async function connectionError(host: string, cause: unknown): Promise<ConnectionError> {
  const message = `Cannot connect to the Berth daemon at ${host}. Is the berth daemon running?`;
  if (!host.startsWith("unix://")) {
    return new ConnectionError(message, cause);
  }
  const { accessSync, constants } = await import("node:fs");
  try {
    accessSync(host.slice("unix://".length), constants.R_OK | constants.W_OK);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EACCES") {
      return new ConnectionError(
        `permission denied while trying to connect to the Berth daemon at ${host}`,
        cause,
      );
    }
  }
  return new ConnectionError(message, cause);
}
