export * from "./create-image-service.ts";
export type * from "./image-service.ts";
