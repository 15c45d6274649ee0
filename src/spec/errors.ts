/**
 * The one error type that crosses Berth's boundaries. Each edge translates it once: the server to an
 * HTTP status, the registry to an error code, the CLI to an exit code and a hint.
 */
export type ErrorKind =
  | "not-found" // 404
  | "invalid-argument" // 400
  | "conflict" // 409
  | "already-exists" // 409
  | "failed-precondition" // 412 is never used by Docker: answered as 400 or 500 by the edge
  | "unauthenticated" // 401
  | "permission-denied" // 403
  | "unavailable" // 503
  | "not-modified" // 304
  | "not-implemented" // 501
  | "cancelled" // the caller went away
  | "internal"; // 500

export class EngineError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "EngineError";
    this.kind = kind;
  }
}

export const notFound = (message: string, cause?: unknown): EngineError =>
  new EngineError("not-found", message, { cause });
export const invalidArgument = (message: string, cause?: unknown): EngineError =>
  new EngineError("invalid-argument", message, { cause });
export const conflict = (message: string, cause?: unknown): EngineError =>
  new EngineError("conflict", message, { cause });
export const internal = (message: string, cause?: unknown): EngineError =>
  new EngineError("internal", message, { cause });

/** The kind of any thrown value; what is not an EngineError is `internal`. */
export function errorKind(error: unknown): ErrorKind {
  return error instanceof EngineError ? error.kind : "internal";
}

/** A sentence for people from any thrown value. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return code === "ENOSPC" || code === "SQLITE_FULL" ? FULL_DISK : error.message;
}

/** Docker's clients know a full disk by the first words. */
const FULL_DISK =
  'no space left on device: remove something that is not needed any more, "system df" shows what there is';
