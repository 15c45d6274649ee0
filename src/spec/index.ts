export type * from "./api/container.ts";
export type * from "./api/image.ts";
export type * from "./api/network.ts";
export type * from "./api/system.ts";
export * from "./digest.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./oci/image.ts";
export * from "./reference.ts";
