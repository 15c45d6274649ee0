import {
  EngineError,
  familiarString,
  invalidArgument,
  notFound,
  parseReference,
  withDefaultTag,
} from "../../../spec/index.ts";
import { json } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import { list, object, text } from "../../decode.ts";
import type { Handler, Method, Route } from "../../route.ts";

const LIST_FILTERS = ["capability", "enabled"];
const privileges = list(
  object<{ Name?: string; Description?: string; Value?: string[] }>({
    Name: text,
    Description: text,
    Value: list(text),
  }),
);
const settings = list(text);

/**
 * Plugins that the engine installs and runs itself. There are none: plugins that are there as a socket or
 * a description (`--plugin-dir`) are used without being installed and are, as in Docker, not listed here.
 */
export function pluginRoutes(): Route[] {
  const one = (method: Method, path: string, handle: Handler): Route => ({ method, path, handle });
  return [
    one("GET", "/plugins", ({ query }) => {
      checkFilters(query.filters(LIST_FILTERS));
      return json([]);
    }),
    one("GET", "/plugins/privileges", ({ query }) => install(query.text("remote"))),
    one("POST", "/plugins/pull", async (request) => {
      await request.json(privileges, "PluginPrivileges");
      return install(request.query.text("remote"));
    }),
    one("POST", "/plugins/create", ({ query }) => install(query.text("name"))),
    one("GET", "/plugins/{name}/json", unknown),
    one("DELETE", "/plugins/{name}", unknown),
    one("POST", "/plugins/{name}/enable", (request) => {
      request.query.integer("timeout");
      if (!request.query.has("timeout")) throw invalidArgument(ATOI);
      return unknown(request);
    }),
    one("POST", "/plugins/{name}/disable", unknown),
    one("POST", "/plugins/{name}/push", unknown),
    one("POST", "/plugins/{name}/set", async (request) => {
      await request.json(settings, "PluginSettings");
      return unknown(request);
    }),
    {
      method: "POST",
      path: "/plugins/{name}/upgrade",
      since: 26,
      handle: async (request) => {
        await request.json(privileges, "PluginPrivileges");
        throw missing(reference(request.name));
      },
    },
  ];
}

const ATOI = 'strconv.Atoi: parsing "": invalid syntax';

function unknown({ name }: ApiRequest): never {
  throw missing(name);
}

const missing = (name: string) => notFound(`plugin ${JSON.stringify(name)} not found`);

const reference = (name: string): string => familiarString(withDefaultTag(parseReference(name)));

function install(remote: string | undefined): never {
  const name = reference(remote ?? "");
  throw new EngineError(
    "not-implemented",
    `Cannot install the plugin ${JSON.stringify(name)}: managed plugins are not supported; run the plugin's program or container yourself and let it put its socket into /run/docker/plugins`,
  );
}

function checkFilters({ enabled = [] }: Readonly<Record<string, readonly string[]>>): void {
  for (const value of enabled) {
    if (!["true", "1", "false", "0"].includes(value)) {
      throw invalidArgument(`invalid filter 'enabled=[${value}]'`);
    }
  }
}
