import { json } from "../answer.ts";
import type { Route } from "../route.ts";
import { openApiDocument } from "./document.ts";

const PATH = "/openapi.json";

/** `GET /openapi.json`. The document is made when it is first asked for: the daemon's start does not pay for it. */
export function documentRoute(routes: readonly Route[]): Route {
  let document: unknown;
  const all = [...routes, { method: "GET", path: PATH } as const];
  return {
    method: "GET",
    path: PATH,
    handle: () => {
      document ??= openApiDocument(all);
      return json(document);
    },
  };
}
