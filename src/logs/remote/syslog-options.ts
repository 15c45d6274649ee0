import { invalidArgument } from "../../spec/index.ts";

export type SyslogFormat = "" | "rfc3164" | "rfc5424" | "rfc5424micro";

/** `path` for the unix schemes, `host` and `port` for the others. */
export interface SyslogAddress {
  scheme: "unix" | "unixgram" | "udp" | "tcp" | "tcp+tls";
  path?: string;
  host?: string;
  port?: number;
}

const DEFAULT_PORT = 514;
const FACILITIES = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"],
  ...["authpriv", "ftp", "", "", "", ""],
  ...["local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
];

/** `unix:///dev/log`, `udp://host:514`, `tcp+tls://host`; undefined for "", the local daemon. */
export function parseSyslogAddress(address: string): SyslogAddress | undefined {
  if (address === "") return undefined;
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(\/.*)?$/i.exec(address);
  const scheme = (match?.[1] ?? address.split(":", 1)[0] ?? "").toLowerCase();
  if (scheme === "unix" || scheme === "unixgram") return { scheme, path: match?.[3] ?? "" };
  if (match === null || (scheme !== "udp" && scheme !== "tcp" && scheme !== "tcp+tls")) {
    throw invalidArgument(`unsupported scheme: '${match === null ? "" : scheme}'`);
  }
  const authority = /^(\[[^\]]+\]|[^:]*)(?::(\d{1,5}))?$/.exec(match[2] ?? "");
  if (authority === null) {
    throw invalidArgument(`address ${match[2]}: too many colons in address`);
  }
  const host = (authority[1] ?? "").replace(/^\[|\]$/g, "") || "localhost";
  return { scheme, host, port: Number(authority[2] ?? DEFAULT_PORT) };
}

/** The facility's number, 0–23. Default: daemon. */
export function parseSyslogFacility(facility: string): number {
  if (facility === "") return FACILITIES.indexOf("daemon");
  const named = FACILITIES.indexOf(facility);
  if (named >= 0) return named;
  if (/^\d{1,2}$/.test(facility) && Number(facility) <= 23) return Number(facility);
  throw invalidArgument("invalid syslog facility");
}

export function parseSyslogFormat(format: string): SyslogFormat {
  if (format === "" || format === "rfc3164" || format === "rfc5424" || format === "rfc5424micro") {
    return format;
  }
  throw invalidArgument("Invalid syslog format");
}
