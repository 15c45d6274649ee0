export * from "./log-configuration.ts";
export { validateLogOptions } from "./log-options.ts";
export { formatTime } from "./log-time.ts";
export * from "./log-writer.ts";
export { jsonLogPath, loggingFailure, openLogWriter } from "./open-log-writer.ts";
export * from "./read-logs.ts";
