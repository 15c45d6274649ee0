import { readFileSync } from "node:fs";
import { inNetworkNamespace } from "../namespace.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import {
  type AddressInfo,
  decodeAddress,
  decodeLink,
  decodeRoute,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  type LinkInfo,
  type RouteInfo,
} from "./rtnetlink.ts";

/** What the kernel has in a network namespace. */
export interface NamespaceSurvey {
  links: LinkInfo[];
  addresses: AddressInfo[];
  routes: RouteInfo[];
  /** File below `/proc/sys/` → its value; without those that are not there. */
  settings: Record<string, string>;
}

const defined = <T>(value: T | undefined): value is T => value !== undefined;

/** Synchronous; a third of a millisecond for a namespace with one link. */
export function surveyNamespace(namespace: number, settings: readonly string[]): NamespaceSurvey {
  const { socket, values } = inNetworkNamespace(namespace, () => ({
    socket: new NetlinkSocket(),
    values: Object.fromEntries(settings.flatMap((path) => readSetting(path) ?? [])),
  }));
  try {
    return {
      links: socket.dump(dumpLinks()).map(decodeLink).filter(defined),
      addresses: socket.dump(dumpAddresses()).map(decodeAddress).filter(defined),
      routes: socket.dump(dumpRoutes()).map(decodeRoute).filter(defined),
      settings: values,
    };
  } finally {
    socket.close();
  }
}

function readSetting(path: string): [string, string][] | undefined {
  try {
    return [[path, readFileSync(`/proc/sys/${path}`, "utf8").trim()]];
  } catch {
    // Of a link that is not there: that is told of by itself.
    return undefined;
  }
}
