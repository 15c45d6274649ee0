import { invalidArgument } from "../spec/index.ts";

/** PEM texts. Without `verify` any server certificate is accepted. */
export interface ClientTls {
  ca?: string;
  cert?: string;
  key?: string;
  verify?: boolean;
}

/** Where a daemon listens, ready for fetch and for a bare connection. */
export interface Endpoint {
  /** As the user wrote it, for messages. */
  readonly host: string;
  /** `http://localhost`, `https://server:2376`: what paths are appended to. */
  readonly origin: string;
  readonly socket:
    | { readonly unix: string }
    | { readonly hostname: string; readonly port: number; readonly secure: boolean };
}

/** Reads `unix:///path`, `tcp://host:port`, `http://…` or `https://…`. @throws invalid-argument */
export function parseEndpoint(host: string, tls: boolean): Endpoint {
  const [scheme, rest] = splitScheme(host);
  switch (scheme) {
    case "unix":
      if (!rest.startsWith("/")) break;
      return { host, origin: "http://localhost", socket: { unix: rest } };
    case "tcp":
      return tcpEndpoint(host, rest, tls);
    case "http":
      return tcpEndpoint(host, rest, false);
    case "https":
      return tcpEndpoint(host, rest, true);
    case "ssh":
    case "npipe":
    case "fd":
      throw invalidArgument(`Cannot connect to "${host}": ${scheme}:// is not supported`);
  }
  throw invalidArgument(`unable to parse docker host \`${host}\``);
}

function splitScheme(host: string): [scheme: string, rest: string] {
  const at = host.indexOf("://");
  return at < 0 ? ["", host] : [host.slice(0, at), host.slice(at + 3)];
}

function tcpEndpoint(host: string, rest: string, secure: boolean): Endpoint {
  const text = `${secure ? "https" : "http"}://${rest}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "") {
    throw invalidArgument(`unable to parse docker host \`${host}\``);
  }
  const port = Number(/:(\d+)(?:\/|$)/.exec(rest)?.[1] ?? (secure ? 2376 : 2375));
  const origin = `${url.protocol}//${url.hostname}:${port}${url.pathname.replace(/\/$/, "")}`;
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return { host, origin, socket: { hostname, port, secure } };
}
