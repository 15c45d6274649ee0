import { EngineError, invalidArgument } from "../spec/index.ts";
import type { Route } from "./route.ts";

/**
 * What a socket lets its clients do. `read`: look, without files and memory of containers; `operate`: also
 * start, stop and the like what is there; `admin`: everything, which is to be root on the host.
 */
export type Role = "read" | "operate" | "admin";

const RANK: Readonly<Record<Role, number>> = { read: 0, operate: 1, admin: 2 };
const isRole = (text: string): text is Role => Object.hasOwn(RANK, text);

/** Whoever is not named here needs `admin`: a route that comes later is closed until somebody opens it. */
const READ = new Set([
  "/_ping",
  "/version",
  "/info",
  "/events",
  "/system/df",
  "/openapi.json",
  "/containers/json",
  ...["json", "top", "logs", "stats", "changes"].map((what) => `/containers/{name}/${what}`),
  "/exec/{name}/json",
  "/images/json",
  "/images/{name}/json",
  "/images/{name}/history",
  "/networks",
  "/networks/",
  "/networks/{name}",
  "/volumes",
  "/volumes/{name}",
  "/plugins",
  "/plugins/{name}/json",
  ...["swarm", "nodes", "services", "tasks", "secrets", "configs"].map((kind) => `/${kind}`),
  "/berth/nodes",
  "/berth/build-cache",
  "/berth/builds",
  "/berth/builds/{id}",
  "/berth/builds/{id}/log",
  "/berth/volumes/trash",
  "/berth/volumes/{name}/snapshots",
  "/berth/volumes/{name}/usage",
]);
const OPERATE = new Set(
  ["start", "stop", "restart", "kill", "pause", "unpause", "wait"].map(
    (verb) => `/containers/{name}/${verb}`,
  ),
);

function roleFor({ method, path }: Pick<Route, "method" | "path">): Role {
  if ((method === "GET" || method === "HEAD") && READ.has(path)) return "read";
  return method === "POST" && OPERATE.has(path) ? "operate" : "admin";
}

/** @throws permission-denied when the route needs more than the role */
export function checkRole(role: Role, route: Pick<Route, "method" | "path">): void {
  if (role === "admin") return;
  const needed = roleFor(route);
  if (RANK[needed] <= RANK[role]) return;
  throw new EngineError(
    "permission-denied",
    `${route.method} ${route.path} needs the role ${needed}, and this socket gives the role ${role}`,
  );
}

export interface ApiSocket {
  path: string;
  role: Role;
  /** Name of the group that may use it; absent: the daemon's own. */
  group?: string;
}

/** `--api-socket /run/berth-read.sock,role=read[,group=NAME]`. @throws invalid-argument */
export function parseApiSocket(text: string): ApiSocket {
  const refuse = (why: string) =>
    invalidArgument(`invalid argument ${JSON.stringify(text)} for "--api-socket": ${why}`);
  const [place = "", ...fields] = text.split(",");
  const path = place.replace(/^unix:\/\//, "");
  if (!path.startsWith("/")) throw refuse("expected /path/to/socket,role=read|operate|admin");
  let role: Role | undefined;
  let group: string | undefined;
  for (const field of fields) {
    const [key, value = ""] = field.split("=", 2);
    if (key === "role" && isRole(value)) role = value;
    else if (key === "group" && value !== "") group = value;
    else throw refuse(`${JSON.stringify(field)} is none of role=read|operate|admin, group=NAME`);
  }
  if (role === undefined) throw refuse("role=read|operate|admin is missing");
  return { path, role, ...(group === undefined ? {} : { group }) };
}
