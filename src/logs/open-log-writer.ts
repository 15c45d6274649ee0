import { join } from "node:path";
import { EngineError, errorMessage } from "../spec/index.ts";
import { JsonLogWriter } from "./json-file/json-writer.ts";
import { LocalLogWriter } from "./local/local-writer.ts";
import { fileAttributes } from "./log-attributes.ts";
import type { LogConfiguration } from "./log-configuration.ts";
import { cacheLimits, jsonFileLimits, localLimits } from "./log-options.ts";
import { parseMemorySize } from "./log-size.ts";
import type { LogPosition, LogWriter } from "./log-writer.ts";
import { openJournald } from "./remote/open-journald.ts";
import { openSyslog } from "./remote/open-syslog.ts";
import { RemoteLogWriter } from "./remote/remote-log-writer.ts";

const DEFAULT_BUFFER = 1024 * 1024;

/** Docker's name for the newest file of a json-file log, which `inspect` shows as `LogPath`. */
export function jsonLogPath(directory: string, containerId: string): string {
  return join(directory, `${containerId}-json.log`);
}

/**
 * Opens a container's log for writing; undefined for the driver `none`. `resume` is the position that a
 * writer which was killed had last stored: the log goes on there. Throws with Docker's words where the
 * driver cannot be had; a connection may still turn out to fail, see `LogWriter.opened`.
 */
export function openLogWriter(log: LogConfiguration, resume?: LogPosition): LogWriter | undefined {
  try {
    return openDriver(log, resume);
  } catch (error) {
    throw loggingFailure(error);
  }
}

/** Docker's message for a driver that does not come up. */
export function loggingFailure(error: unknown): EngineError {
  return new EngineError(
    "internal",
    `failed to initialize logging driver: ${errorMessage(error)}`,
    { cause: error },
  );
}

function openDriver(log: LogConfiguration, resume: LogPosition | undefined): LogWriter | undefined {
  const { directory, identity, options } = log;
  const attributes = fileAttributes(identity, options);
  switch (log.driver) {
    case "none":
      return undefined;
    case "local":
      return new LocalLogWriter(directory, localLimits(options), attributes, resume);
    case "json-file": {
      const path = jsonLogPath(directory, identity.containerId);
      return new JsonLogWriter(path, jsonFileLimits(options), attributes, resume);
    }
    case "syslog":
    case "journald":
      return openRemote(log, attributes, resume);
  }
}

function openRemote(
  { driver, directory, identity, options }: LogConfiguration,
  attributes: Record<string, string>,
  resume: LogPosition | undefined,
): LogWriter {
  const { transport, format } =
    driver === "syslog" ? openSyslog(options, identity) : openJournald(options, identity);
  const limits = cacheLimits(options);
  const cache =
    limits === undefined ? undefined : new LocalLogWriter(directory, limits, attributes, resume);
  const size = parseMemorySize(options["max-buffer-size"] ?? "") ?? DEFAULT_BUFFER;
  const dropAbove = options["mode"] === "non-blocking" ? size : undefined;
  return new RemoteLogWriter(transport, format, cache, { dropAbove });
}
