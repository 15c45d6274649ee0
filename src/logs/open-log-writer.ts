import { join } from "node:path";
import { JsonLogWriter } from "./json-file/json-writer.ts";
import { LocalLogWriter } from "./local/local-writer.ts";
import { fileAttributes } from "./log-attributes.ts";
import type { LogConfiguration } from "./log-configuration.ts";
import { jsonFileLimits, localLimits } from "./log-options.ts";
import type { LogPosition, LogWriter } from "./log-writer.ts";

/** Docker's name for the newest file of a json-file log, which `inspect` shows as `LogPath`. */
export function jsonLogPath(directory: string, containerId: string): string {
  return join(directory, `${containerId}-json.log`);
}

/**
 * Opens a container's log for writing; undefined for the driver `none`. `resume` is the position that a
 * writer which was killed had last stored: the log goes on there.
 */
export function openLogWriter(log: LogConfiguration, resume?: LogPosition): LogWriter | undefined {
  const { directory, identity, options } = log;
  switch (log.driver) {
    case "none":
      return undefined;
    case "local":
      return new LocalLogWriter(
        directory,
        localLimits(options),
        fileAttributes(identity, options),
        resume,
      );
    case "json-file":
      return new JsonLogWriter(
        jsonLogPath(directory, identity.containerId),
        jsonFileLimits(options),
        fileAttributes(identity, options),
        resume,
      );
    default:
      return new LocalLogWriter(directory, localLimits({}), {}, resume);
  }
}
