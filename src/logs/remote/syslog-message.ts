import type { LogStream } from "../log-writer.ts";
import type { LinePiece } from "./line-pieces.ts";
import type { SyslogFormat } from "./syslog-options.ts";

export interface SyslogSource {
  facility: number;
  format: SyslogFormat;
  /** Octet counting (RFC 5425): the message's length goes before it. */
  isCounted: boolean;
  hostname: string;
  tag: string;
  pid: number;
}

const SEVERITY: Record<LogStream, number> = { 1: 6, 2: 3 };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const NEWLINE = Buffer.from("\n");

/**
 * One message as Docker's driver sends it, with a newline at its end: RFC 3164, RFC 5424 (the tag serves
 * as application name and message id), or the short form of a local daemon. Undefined for an empty line.
 */
export function formatSyslog(
  source: SyslogSource,
  stream: LogStream,
  { text }: LinePiece,
  time: bigint,
): Uint8Array | undefined {
  if (text.length === 0) return undefined;
  const priority = source.facility * 8 + SEVERITY[stream];
  const message = Buffer.concat([Buffer.from(header(source, priority, time)), text, NEWLINE]);
  if (!source.isCounted) return message;
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

function header(
  { format, hostname, tag, pid }: SyslogSource,
  priority: number,
  time: bigint,
): string {
  const date = new Date(Number(time / 1_000_000n));
  switch (format) {
    case "":
      return `<${priority}>${stamp(date)} ${tag}[${pid}]: `;
    case "rfc3164":
      return `<${priority}>${stamp(date)} ${hostname} ${tag}[${pid}]: `;
    default: {
      const micros = Number((time / 1000n) % 1_000_000n);
      const fraction = format === "rfc5424micro" ? `.${String(micros).padStart(6, "0")}` : "";
      return `<${priority}>1 ${isoStamp(date, fraction)} ${hostname} ${tag} ${pid} ${tag} - `;
    }
  }
}

const two = (value: number): string => String(value).padStart(2, "0");

const clock = (date: Date): string =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** `Jan  2 15:04:05`, local time. */
const stamp = (date: Date): string =>
  `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2, " ")} ${clock(date)}`;

/** `2026-01-02T15:04:05+01:00`, local time. */
function isoStamp(date: Date, fraction: string): string {
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const zone =
    offset === 0
      ? "Z"
      : `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(date)}${fraction}${zone}`;
}
