export type * from "./network-containers.ts";
