import { invalidArgument } from "../../spec/errors.ts";

const LARGEST_PORT = 65535;

/** A word of `EXPOSE` taken apart. */
export interface PortWord {
  /** `80/tcp`; a range is one each. */
  readonly ports: readonly string[];
  /** The protocol as it is written. */
  readonly protocol: string;
  /** An address or a port of the host, which `EXPOSE` has no use for. */
  readonly mapped: boolean;
}

/** `80`, `53/udp`, `8000-8010`, `8080:80/TCP`. Throws `invalid-argument`. */
export function readPortWord(word: string): PortWord {
  const parts = word.split(":");
  const [range = "", protocol = "tcp", ...extra] = (parts.at(-1) ?? "").split("/");
  const written = protocol === "" ? "tcp" : protocol;
  if (range === "") throw invalidArgument(`invalid port: "${word}": no port specified`);
  if (extra.length > 0 || !/^(?:tcp|udp|sctp)$/i.test(written)) {
    throw invalidArgument(`invalid port: "${word}": invalid proto: ${written}`);
  }
  const [first, last] = readRange(range);
  const host = parts.slice(0, -1);
  const hostPort = host.at(-1);
  if (hostPort !== undefined && hostPort !== "") {
    const [hostFirst, hostLast] = readRange(hostPort);
    if (first !== last && hostLast - hostFirst !== last - first) {
      throw invalidArgument(
        `invalid ranges specified for container and host Ports: ${range} and ${hostPort}`,
      );
    }
  }
  const ports = Array.from(
    { length: last - first + 1 },
    (_, index) => `${first + index}/${written.toLowerCase()}`,
  );
  return { ports, protocol: written, mapped: host.some((part) => part !== "") };
}

function readRange(text: string): [first: number, last: number] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1] ?? -1);
  const last = Number(match?.[2] ?? first);
  if (match === null || last > LARGEST_PORT || first > LARGEST_PORT) {
    throw invalidArgument(`invalid containerPort: ${text}`);
  }
  if (last < first) throw invalidArgument(`invalid port range: ${text}`);
  return [first, last];
}
