import { type Answer, decode, encode, type Packet } from "dns-packet";
import { EDNS_BYTES, emptyAnswer, Rcode, UDP_BYTES } from "./message-bytes.ts";
import type { NameTable } from "./name-table.ts";
import type { NamedSandbox } from "./named-sandbox.ts";

/** Seconds; what Docker says of names that it knows. */
const TTL = 600;
const AUTHORITATIVE = 0x0400;
const RECURSION_AVAILABLE = 0x0080;
const RECURSION_DESIRED = 0x0100;

/** What a query asks, as far as names are concerned. */
export interface Query {
  id: number;
  /** As the client has written it, without a dot at the end. */
  name: string;
  type: string;
  flags: number;
  /** What the client takes over UDP, bytes; undefined without EDNS. */
  ednsBytes: number | undefined;
}

/** Undefined for what is no query that a name server can make sense of. */
export function parseQuery(bytes: Uint8Array): Query | undefined {
  let packet: Packet;
  try {
    packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return undefined;
  }
  const [question, ...more] = packet.questions ?? [];
  if (question === undefined || more.length > 0) return undefined;
  const option = packet.additionals?.find((record) => record.type === "OPT");
  return {
    id: packet.id ?? 0,
    name: question.name === "." ? "" : question.name,
    type: question.type,
    flags: packet.flags ?? 0,
    ednsBytes: option?.type === "OPT" ? option.udpPayloadSize : undefined,
  };
}

/** The most that an answer may have over UDP. */
export const udpLimit = ({ ednsBytes }: Query): number =>
  Math.min(Math.max(ednsBytes ?? UDP_BYTES, UDP_BYTES), EDNS_BYTES);

/** Another order with every question, so that clients which take the first one share the load. */
function rotated<T>(values: readonly T[], turn: number): T[] {
  const start = values.length === 0 ? 0 : turn % values.length;
  return [...values.slice(start), ...values.slice(0, start)];
}

/** The address of an `in-addr.arpa` or `ip6.arpa` name. */
export function reverseAddress(name: string): string | undefined {
  const lower = name.toLowerCase();
  const ipv4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(lower);
  if (ipv4 !== null) return ipv4.slice(1).reverse().join(".");
  const ipv6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(lower)?.[1];
  if (ipv6 === undefined) return undefined;
  const digits = ipv6.replaceAll(".", "").split("").reverse().join("");
  const groups = digits.match(/.{4}/g)?.join(":") ?? "";
  // The URL parser writes addresses in their one canonical form (RFC 5952).
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
}

/** Answers from the names of containers. */
export class LocalAnswers {
  readonly #table: NameTable;
  #turn = 0;

  constructor(table: NameTable) {
    this.#table = table;
  }

  /** undefined: nothing that is known here. An answer without records says that there are none. */
  answer(viewer: NamedSandbox, query: Query, bytes: Uint8Array): Uint8Array | undefined {
    const records = this.#records(viewer, query);
    if (records !== undefined) return encodeAnswer(query, records, bytes);
    const single = query.type === "A" || query.type === "AAAA";
    if (single && viewer.upstream.ndots && !query.name.includes(".")) {
      return emptyAnswer(bytes, Rcode.noError);
    }
    return undefined;
  }

  #records(viewer: NamedSandbox, { name, type }: Query): Answer[] | undefined {
    if (type === "PTR") {
      const address = reverseAddress(name);
      const data = address === undefined ? undefined : this.#table.nameOf(viewer, address);
      if (data !== undefined) return [{ type: "PTR", name, ttl: TTL, data }];
    }
    const service = /^_(\d+)\._(tcp|udp|sctp)\.(.+)$/i.exec(name);
    if (service !== null) {
      const [, port = "", protocol = "", target = ""] = service;
      return this.#service(viewer, { name, type, port, protocol, target });
    }
    const found = this.#table.lookUp(viewer, name);
    if (found === undefined) return undefined;
    const records = (kind: "A" | "AAAA", addresses: readonly string[]): Answer[] =>
      type === kind || type === "ANY"
        ? rotated(addresses, this.#turn).map((data) => ({ type: kind, name, ttl: TTL, data }))
        : [];
    this.#turn = (this.#turn + 1) & 0xffff;
    return [...records("A", found.ipv4), ...records("AAAA", found.ipv6)];
  }

  /** `_80._tcp.name`: there is such a port where a container of that name exposes it. */
  #service(
    viewer: NamedSandbox,
    asked: { name: string; type: string; port: string; protocol: string; target: string },
  ): Answer[] | undefined {
    const { name, type, port, protocol, target } = asked;
    if (!this.#table.exposes(viewer, target, `${port}/${protocol.toLowerCase()}`)) return undefined;
    if (type !== "SRV") return [];
    return [{ type: "SRV", name, ttl: TTL, data: { port: Number(port), target } }];
  }
}

function encodeAnswer(query: Query, answers: Answer[], bytes: Uint8Array): Uint8Array {
  if (answers.length === 0) return emptyAnswer(bytes, Rcode.noError);
  const { id, ednsBytes, flags } = query;
  return encode({
    type: "response",
    id,
    flags: AUTHORITATIVE | RECURSION_AVAILABLE | (flags & RECURSION_DESIRED),
    questions: [{ type: query.type as Answer["type"], name: query.name }],
    answers,
    ...(ednsBytes === undefined
      ? {}
      : {
          additionals: [
            {
              type: "OPT",
              name: ".",
              udpPayloadSize: EDNS_BYTES,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
        }),
  });
}
