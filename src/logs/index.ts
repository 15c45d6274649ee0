export * from "./log-configuration.ts";
export * from "./log-options.ts";
export * from "./read-logs.ts";
