export * from "./process-paths.ts";
export * from "./supervisor.ts";
export * from "./supervisor-client.ts";
