import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { EngineError } from "../spec/index.ts";

/** Codes of `fetch` with the words that Docker's client libraries match on or users search for. */
const TLS_WORDS: Record<string, string> = {
  EPROTO: "http: server gave HTTP response to HTTPS client",
  CERT_HAS_EXPIRED:
    "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
  CERT_NOT_YET_VALID:
    "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "tls: failed to verify certificate: x509: certificate is not valid for the host's name",
};
const UNKNOWN_AUTHORITY =
  "tls: failed to verify certificate: x509: certificate signed by unknown authority";
const REFUSED = new Set(["ECONNREFUSED", "ConnectionRefused"]);
const NO_SUCH_HOST = new Set(["ENOTFOUND", "EAI_AGAIN", "FailedToOpenSocket"]);
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
]);

/** A server that could not be reached or did not speak HTTP. */
export class ConnectionError extends EngineError {
  /** The code of the failure below: `ECONNREFUSED`, `EPROTO`, `TIMEOUT`, … */
  readonly code: string;

  constructor(code: string, message: string, cause: unknown) {
    super("unavailable", message, { cause });
    this.name = "ConnectionError";
    this.code = code;
  }
}

export function errorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === "string" ? code : typeof name === "string" ? name : "";
}

/** `Get "https://host/v2/": dial tcp 10.0.0.1:443: connect: connection refused`. */
export async function connectionError(
  method: string,
  url: string,
  error: unknown,
): Promise<ConnectionError> {
  const code = errorCode(error);
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  const target = new URL(url);
  const why = await reason(code, target, error);
  // Docker finds out by a first request to this path; clients and people know the sentence with it.
  const shown = isUnreachable(code) ? `${target.origin}/v2/` : url;
  return new ConnectionError(code, `${verb} "${shown}": ${why}`, error);
}

function isUnreachable(code: string): boolean {
  return REFUSED.has(code) || NO_SUCH_HOST.has(code) || UNTRUSTED.has(code) || code in TLS_WORDS;
}

/** The server was there and did not answer in time. */
export function timeoutError(method: string, url: string): ConnectionError {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  const why = "net/http: request canceled (Client.Timeout exceeded while awaiting headers)";
  return new ConnectionError("TIMEOUT", `${verb} "${url}": ${why}`, undefined);
}

async function reason(code: string, url: URL, error: unknown): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (REFUSED.has(code)) {
    return `dial tcp ${await address(host, url)}: connect: connection refused`;
  }
  if (NO_SUCH_HOST.has(code)) {
    return `dial tcp: lookup ${host}: no such host`;
  }
  if (code === "ECONNRESET" || code === "ConnectionClosed") return "EOF";
  if (UNTRUSTED.has(code)) return UNKNOWN_AUTHORITY;
  return TLS_WORDS[code] ?? (error instanceof Error ? error.message : String(error));
}

async function address(host: string, url: URL): Promise<string> {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const found = isIP(host)
    ? host
    : await lookup(host).then(
        (entry) => entry.address,
        () => host,
      );
  return found.includes(":") ? `[${found}]:${port}` : `${found}:${port}`;
}
