import type { ApiAnswer } from "./answer.ts";
import type { ApiRequest } from "./api-request.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS";

export type Handler = (request: ApiRequest) => Promise<ApiAnswer> | ApiAnswer;

/**
 * One line of a router's table. `path` holds at most one `{name}`, which stands for any text, slashes
 * included (image names have them), and `since` is the first minor API version that knows the route.
 */
export interface Route {
  method: Method;
  path: string;
  since?: number;
  handle: Handler;
}

export interface RouteMatch {
  route: Route;
  /** What stands for `{name}`; empty for a path without one. */
  name: string;
}

interface Pattern {
  route: Route;
  prefix: string;
  suffix: string;
}

/** Finds the route of a request: an exact path first, then the patterns in the order of the table. */
export class RouteTable {
  readonly #exact = new Map<string, RouteMatch>();
  readonly #patterns = new Map<string, Pattern[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  find(method: string, path: string): RouteMatch | undefined {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact !== undefined) return exact;
    const slash = path.indexOf("/", 1);
    const head = slash < 0 ? path : path.slice(0, slash);
    for (const { route, prefix, suffix } of this.#patterns.get(`${method} ${head}`) ?? []) {
      const end = path.length - suffix.length;
      if (end >= prefix.length && path.startsWith(prefix) && path.endsWith(suffix)) {
        return { route, name: path.slice(prefix.length, end) };
      }
    }
    return undefined;
  }

  #add(route: Route): void {
    const open = route.path.indexOf("{");
    if (open < 0) {
      this.#exact.set(`${route.method} ${route.path}`, { route, name: "" });
      return;
    }
    const prefix = route.path.slice(0, open);
    const suffix = route.path.slice(route.path.indexOf("}") + 1);
    const key = `${route.method} ${prefix.slice(0, prefix.indexOf("/", 1))}`;
    this.#patterns.set(key, [...(this.#patterns.get(key) ?? []), { route, prefix, suffix }]);
  }
}
