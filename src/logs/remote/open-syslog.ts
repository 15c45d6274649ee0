import { hostname } from "node:os";
import type { LogIdentity } from "../log-configuration.ts";
import { DEFAULT_TAG, renderTag } from "../log-tag.ts";
import { UdpTransport, UnixDatagramTransport } from "./datagram-transport.ts";
import type { LogTransport } from "./log-transport.ts";
import type { MessageFormatter } from "./remote-log-writer.ts";
import { StreamTransport, type TlsFiles } from "./stream-transport.ts";
import { formatSyslog, type SyslogSource } from "./syslog-message.ts";
import {
  parseSyslogAddress,
  parseSyslogFacility,
  parseSyslogFormat,
  type SyslogAddress,
} from "./syslog-options.ts";

type Options = Readonly<Record<string, string>>;

const LOCAL_SOCKETS = ["/dev/log", "/var/run/syslog", "/var/run/log"];

/** The transport and the format that the `syslog-…` options ask for. */
export function openSyslog(
  options: Options,
  identity: LogIdentity,
): { transport: LogTransport; format: MessageFormatter } {
  const address = parseSyslogAddress(options["syslog-address"] ?? "");
  const format = parseSyslogFormat(options["syslog-format"] ?? "");
  const source: SyslogSource = {
    facility: parseSyslogFacility(options["syslog-facility"] ?? ""),
    format,
    isCounted: address?.scheme === "tcp+tls" && format.startsWith("rfc5424"),
    hostname: hostname(),
    tag: renderTag(options["tag"] || DEFAULT_TAG, identity),
    pid: process.pid,
  };
  return {
    transport: openTransport(address, options),
    format: (stream, piece, time) => formatSyslog(source, stream, piece, time),
  };
}

function openTransport(address: SyslogAddress | undefined, options: Options): LogTransport {
  if (address === undefined) return openLocal();
  const { scheme, path = "", host = "", port = 0 } = address;
  switch (scheme) {
    case "unixgram":
      return new UnixDatagramTransport(path);
    case "unix":
      return new StreamTransport({ path });
    case "udp":
      return new UdpTransport(host, port);
    case "tcp":
      return new StreamTransport({ host, port });
    case "tcp+tls":
      return new StreamTransport({ host, port, tls: tlsFiles(options) });
  }
}

function openLocal(): LogTransport {
  for (const path of LOCAL_SOCKETS) {
    try {
      return new UnixDatagramTransport(path);
    } catch {
      // The next may be there.
    }
  }
  throw new Error("Unix syslog delivery error");
}

function tlsFiles(options: Options): TlsFiles {
  const ca = options["syslog-tls-ca-cert"];
  const cert = options["syslog-tls-cert"];
  const key = options["syslog-tls-key"];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    skipVerify: options["syslog-tls-skip-verify"] !== undefined,
  };
}
