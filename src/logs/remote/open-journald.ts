import { existsSync } from "node:fs";
import { shortId } from "../../spec/index.ts";
import { logAttributes } from "../log-attributes.ts";
import type { LogIdentity } from "../log-configuration.ts";
import { DEFAULT_TAG, renderTag } from "../log-tag.ts";
import { formatTime } from "../log-time.ts";
import type { LogStream } from "../log-writer.ts";
import { UnixDatagramTransport } from "./datagram-transport.ts";
import type { LinePiece } from "./line-pieces.ts";
import type { LogTransport } from "./log-transport.ts";
import type { MessageFormatter } from "./remote-log-writer.ts";

export const JOURNALD_SOCKET = "/run/systemd/journal/socket";
const PRIORITY: Record<LogStream, number> = { 1: 6, 2: 3 };

/** Sends to journald with Docker's fields. Throws where there is no journald. */
export function openJournald(
  options: Readonly<Record<string, string>>,
  identity: LogIdentity,
  path: string = JOURNALD_SOCKET,
): { transport: LogTransport; format: MessageFormatter } {
  if (!existsSync(path)) throw new Error("journald is not enabled on this host");
  const transport = new UnixDatagramTransport(path);
  return { transport, format: journaldFormatter(options, identity) };
}

export function journaldFormatter(
  options: Readonly<Record<string, string>>,
  identity: LogIdentity,
): MessageFormatter {
  const tag = renderTag(options["tag"] || DEFAULT_TAG, identity);
  const fixed: [string, string][] = [
    ["CONTAINER_ID", shortId(identity.containerId)],
    ["CONTAINER_ID_FULL", identity.containerId],
    ["CONTAINER_NAME", identity.containerName.replace(/^\//, "")],
    ["CONTAINER_TAG", tag],
    ["IMAGE_NAME", identity.imageName],
    ["SYSLOG_IDENTIFIER", tag],
    [
      "CONTAINER_LOG_EPOCH",
      Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex"),
    ],
    ...Object.entries(logAttributes(identity, options)).map(([name, value]): [string, string] => [
      fieldName(name),
      value,
    ]),
  ];
  const constant = Buffer.concat(
    fixed.filter(([name]) => name !== "").map(([name, value]) => encodeField(name, value)),
  );
  let ordinal = 0;
  return (stream, piece, time) =>
    Buffer.concat([constant, variableFields(stream, piece, time, ++ordinal)]);
}

function variableFields(
  stream: LogStream,
  { text, isPartial }: LinePiece,
  time: bigint,
  ordinal: number,
): Uint8Array {
  return Buffer.concat([
    encodeField("PRIORITY", String(PRIORITY[stream])),
    encodeField("MESSAGE", text),
    encodeField("SYSLOG_TIMESTAMP", formatTime(time)),
    encodeField("CONTAINER_LOG_ORDINAL", String(ordinal)),
    ...(isPartial ? [encodeField("CONTAINER_PARTIAL_MESSAGE", "true")] : []),
  ]);
}

/** Upper-case letters, digits and underscores, not beginning with one: systemd.journal-fields(7). */
function fieldName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "_")
    .replace(/^_+/, "");
}

/** The native protocol: `NAME=value`, or with the length (u64, little-endian) where there is a newline. */
export function encodeField(name: string, value: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(value as Uint8Array);
  if (!bytes.includes(0x0a)) return Buffer.concat([Buffer.from(`${name}=`), bytes, NEWLINE]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, NEWLINE]);
}

const NEWLINE = Buffer.from("\n");
