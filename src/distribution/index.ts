export * from "./blob-upload.ts";
export * from "./connection-error.ts";
export * from "./http-transport.ts";
export * from "./manifest.ts";
export * from "./pull-error.ts";
export * from "./registry-config.ts";
export * from "./registry-error.ts";
export * from "./remote-repository.ts";
