export * from "./log-configuration.ts";
export { validateLogOptions } from "./log-options.ts";
export * from "./log-writer.ts";
export { jsonLogPath, openLogWriter } from "./open-log-writer.ts";
export * from "./read-logs.ts";
