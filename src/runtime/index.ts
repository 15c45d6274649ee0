export * from "./oci-runtime.ts";
export * from "./probe-runtime.ts";
export * from "./runtime-spec.ts";
export type * from "./runtime-spec-request.ts";
export * from "./start-failure.ts";
