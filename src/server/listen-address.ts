import { invalidArgument } from "../spec/index.ts";

export type ListenAddress =
  | { kind: "unix"; path: string; group?: string }
  | { kind: "tcp"; host: string; port: number };

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Reads a `-H` of the daemon: `unix:///run/berth.sock`, `/run/berth.sock`, `tcp://127.0.0.1:2375`,
 * `tcp://[::1]`. @throws invalid-argument
 */
export function parseListenAddress(text: string, options: { tls: boolean }): ListenAddress {
  if (text.startsWith("/")) return { kind: "unix", path: text };
  if (text.startsWith("unix://")) {
    const path = text.slice("unix://".length);
    if (!path.startsWith("/")) {
      throw invalidArgument(`Cannot listen on "${text}": the socket's path must be absolute`);
    }
    return { kind: "unix", path };
  }
  if (text.startsWith("tcp://")) return parseTcp(text, options.tls ? TLS_PORT : PLAIN_PORT);
  if (text.startsWith("fd://")) {
    throw invalidArgument(
      `Cannot listen on "${text}": sockets handed over by systemd are not supported; use unix:///run/berth.sock`,
    );
  }
  throw invalidArgument(
    `Cannot listen on "${text}": expected unix:///path/to/socket or tcp://host:port`,
  );
}

function parseTcp(text: string, defaultPort: number): ListenAddress {
  const match = /^tcp:\/\/(?:\[([0-9a-fA-F:.%]+)\]|([\w.-]*))(?::(\d{1,5}))?\/?$/.exec(text);
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (match === null || port > 65535) {
    throw invalidArgument(`Cannot listen on "${text}": expected tcp://host:port`);
  }
  return { kind: "tcp", host: match[1] ?? (match[2] || "127.0.0.1"), port };
}
