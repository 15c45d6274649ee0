import { EngineError, type ErrorKind } from "../spec/index.ts";

/** Codes of the OCI distribution-spec ("Error Codes"), then those that Docker's registry adds. */
export type FaultCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "TAG_INVALID"
  | "RANGE_INVALID"
  | "PAGINATION_NUMBER_INVALID"
  | "UNAVAILABLE"
  | "UNKNOWN";

const STATUS: Record<FaultCode, number> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  TAG_INVALID: 400,
  RANGE_INVALID: 416,
  PAGINATION_NUMBER_INVALID: 400,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
};

export interface FaultOptions {
  readonly detail?: unknown;
  /** Where the situation wants another status than the code's usual one. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A refusal that a client sees as the specification's JSON body. */
export class RegistryFault extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: unknown;

  constructor(
    readonly code: FaultCode,
    message: string,
    options: FaultOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "RegistryFault";
    this.status = options.status ?? STATUS[code];
    this.headers = options.headers ?? {};
    this.detail = options.detail;
  }

  /** OCI distribution-spec, "Error Codes". */
  body(): string {
    const detail = this.detail === undefined ? {} : { detail: this.detail };
    return JSON.stringify({ errors: [{ code: this.code, message: this.message, ...detail }] });
  }
}

const CODES: Partial<Record<ErrorKind, FaultCode>> = {
  "not-found": "NAME_UNKNOWN",
  "invalid-argument": "MANIFEST_INVALID",
  unauthenticated: "DENIED",
  "permission-denied": "DENIED",
  unavailable: "UNAVAILABLE",
  "not-implemented": "UNSUPPORTED",
};

/** Any thrown value as what the client is told. What nobody foresaw is not described to strangers. */
export function faultOf(error: unknown): RegistryFault {
  if (error instanceof RegistryFault) return error;
  if (error instanceof EngineError) {
    const code = CODES[error.kind];
    if (code !== undefined) return new RegistryFault(code, error.message, { cause: error });
  }
  if ((error as { code?: unknown } | undefined)?.code === "ENOSPC") {
    return new RegistryFault("UNAVAILABLE", "the registry has no space left", {
      status: 507,
      cause: error,
    });
  }
  return new RegistryFault("UNKNOWN", "unknown error", { cause: error });
}
