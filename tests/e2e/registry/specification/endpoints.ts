/** OCI distribution-spec, "Endpoints": what each answers, and which refusals this registry knows for it. */
export interface Endpoint {
  readonly id: string;
  readonly methods: readonly string[];
  readonly success: readonly number[];
  readonly failure: readonly number[];
}

const row = (id: string, methods: string, success: string, failure: string): Endpoint => ({
  id,
  methods: methods.split("/"),
  success: success.split("/").map(Number),
  failure: failure.split("/").map(Number),
});

/**
 * Not among the refusals: 404 for the API or for referrers, which say that a registry does not have them,
 * and 404 for the beginning of an upload, since here a push makes its repository.
 */
export const ENDPOINTS: readonly Endpoint[] = [
  row("end-1", "GET", "200", "401/405"),
  row("end-2", "GET/HEAD", "200/206", "400/401/404/416"),
  row("end-3", "GET/HEAD", "200", "400/401/404"),
  row("end-4a", "POST", "202", "400/401/403/405/429"),
  row("end-4b", "POST", "201", "400/403/413"),
  row("end-4c", "POST", "202", "400"),
  row("end-5", "PATCH", "202", "400/404/413/416"),
  row("end-6", "PUT", "201", "400/404/413/416"),
  row("end-7a", "PUT", "201", "400/401/403/404/405/413"),
  row("end-7b", "PUT", "201", "400"),
  row("end-8a", "GET", "200", "400/401/404"),
  row("end-8b", "GET", "200", "400/404"),
  row("end-9", "DELETE", "202", "400/401/404/405"),
  row("end-10", "DELETE", "202", "400/401/404/405"),
  row("end-11", "POST", "201/202", "400/403"),
  row("end-12a", "GET", "200", "400/401"),
  row("end-12b", "GET", "200", "400"),
  row("end-13", "GET", "204", "400/404"),
  row("end-14", "DELETE", "204", "400/404"),
];

/** OCI distribution-spec, "Error Codes". */
export const ERROR_CODES: readonly string[] = [
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "UNAUTHORIZED",
  "DENIED",
  "UNSUPPORTED",
  "TOOMANYREQUESTS",
];
