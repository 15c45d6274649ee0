import { EngineError, type ErrorKind } from "../spec/index.ts";
import { parseChallenges } from "./www-authenticate.ts";

/** What each code means where the registry gives no message (OCI distribution-spec, error codes). */
const MEANING: Record<string, string> = {
  UNAUTHORIZED: "authentication required",
  DENIED: "requested access to the resource is denied",
  TOOMANYREQUESTS: "too many requests",
  UNSUPPORTED: "The operation is unsupported.",
  NAME_UNKNOWN: "repository name not known to registry",
  NAME_INVALID: "invalid repository name",
  MANIFEST_UNKNOWN: "manifest unknown",
  MANIFEST_INVALID: "manifest invalid",
  MANIFEST_UNVERIFIED: "manifest failed signature verification",
  BLOB_UNKNOWN: "blob unknown to registry",
  BLOB_UPLOAD_UNKNOWN: "blob upload unknown to registry",
  BLOB_UPLOAD_INVALID: "blob upload invalid",
  DIGEST_INVALID: "provided digest did not match uploaded content",
  SIZE_INVALID: "provided length did not match content length",
  TAG_INVALID: "manifest tag did not match URI",
  UNKNOWN: "unknown error",
};

/** An answer of a registry that is no success. The message is `<code in words>: <registry's message>`. */
export class RegistryError extends EngineError {
  /** HTTP status. */
  readonly status: number;
  /** `MANIFEST_UNKNOWN`; empty if the answer had none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(kindOf(status, code), message);
    this.name = "RegistryError";
    this.status = status;
    this.code = code;
  }
}

function kindOf(status: number, code: string): ErrorKind {
  if (status === 404 || code === "MANIFEST_UNKNOWN" || code === "NAME_UNKNOWN") return "not-found";
  if (status === 401) return "unauthenticated";
  if (status === 403) return "permission-denied";
  if (status === 429 || status >= 500) return "unavailable";
  return "internal";
}

/** `manifest unknown: manifest unknown`. */
function worded(code: string, message: string): string {
  return `${code.toLowerCase().replaceAll("_", " ")}: ${message || (MEANING[code] ?? "unknown error")}`;
}

const BY_STATUS: Record<number, string> = {
  401: "UNAUTHORIZED",
  403: "DENIED",
  429: "TOOMANYREQUESTS",
};

/** Reads a registry's error answer in the words that Docker has for it. */
export function registryError(
  status: number,
  statusText: string,
  headers: Headers,
  body: string,
): RegistryError {
  if (status < 400 || status >= 500) {
    return new RegistryError(
      status,
      "",
      `received unexpected HTTP status: ${`${status} ${statusText}`.trim()}`,
    );
  }
  const challenged = challengeError(headers);
  const { entries, details } = parseBody(body);
  if (challenged !== undefined && entries.length === 0) {
    return new RegistryError(
      status,
      challenged.code,
      worded(challenged.code, challenged.description),
    );
  }
  const [first] = entries;
  if (first !== undefined) {
    const words = entries.map((entry) => worded(entry.code, entry.message));
    const message = words.length === 1 ? (words[0] ?? "") : `errors:\n${words.join("\n")}\n`;
    return new RegistryError(status, first.code, message);
  }
  const code = BY_STATUS[status];
  if (code !== undefined) return new RegistryError(status, code, worded(code, details));
  return new RegistryError(
    status,
    "",
    `error parsing HTTP ${status} response body: ${JSON.stringify(body.slice(0, 200))}`,
  );
}

/** RFC 6750, section 3.1. */
function challengeError(headers: Headers): { code: string; description: string } | undefined {
  for (const { scheme, parameters } of parseChallenges(headers.get("www-authenticate") ?? "")) {
    if (scheme !== "bearer") continue;
    const description = parameters["error_description"] ?? "";
    if (parameters["error"] === "invalid_token") return { code: "UNAUTHORIZED", description };
    if (parameters["error"] === "insufficient_scope") return { code: "DENIED", description };
  }
  return undefined;
}

interface ErrorEntry {
  code: string;
  message: string;
}

function parseBody(body: string): { entries: ErrorEntry[]; details: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { entries: [], details: "" };
  }
  if (typeof parsed !== "object" || parsed === null) return { entries: [], details: "" };
  const { errors, details } = parsed as { errors?: unknown; details?: unknown };
  const entries: ErrorEntry[] = [];
  for (const entry of Array.isArray(errors) ? errors : []) {
    const { code, message } = (entry ?? {}) as { code?: unknown; message?: unknown };
    if (typeof code === "string" && code !== "") {
      entries.push({ code, message: typeof message === "string" ? message : "" });
    }
  }
  return { entries, details: typeof details === "string" ? details : "" };
}
