export type LogLevel = "debug" | "info" | "warn" | "error";
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** What the daemon tells its operator. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** One line per message: `time=… level=… msg="…" key=value`, as logfmt readers take it. */
export function lineLog(minimum: LogLevel, write: (line: string) => void): Log {
  const at = (level: LogLevel) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(minimum)) return () => {};
    return (message: string, fields: LogFields = {}) => {
      const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
      const tail = pairs.map(([key, value]) => ` ${key}=${quote(String(value))}`).join("");
      const time = new Date().toISOString();
      write(`time=${time} level=${level} msg=${JSON.stringify(message)}${tail}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function quote(value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
