import { invalidArgument } from "../../../spec/index.ts";
import { empty, json, NO_CONTENT } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import { omit } from "../../version-shims.ts";
import type { NetworkBackend } from "./backend.ts";
import { connectRequest, disconnectRequest, networkCreateRequest } from "./bodies.ts";
import { networkStatus } from "./network-status.ts";

const LIST_FILTERS = ["dangling", "driver", "id", "label", "name", "scope", "type"];
const PRUNE_FILTERS = ["label", "label!", "until"];

/** Told by `inspect` alone; the list had them empty up to 1.51. */
const MEMBERS = new Set(["Containers"]);

export function networkRoutes(backend: NetworkBackend): Route[] {
  const list: Route["handle"] = async ({ query, version }) => {
    // Up to 1.27 the list told of the containers too.
    const options = { filters: query.filters(LIST_FILTERS), containers: version < 28 };
    const networks = await backend.list(options);
    return json(version < 52 ? networks : networks.map((network) => omit(network, MEMBERS)));
  };
  return [
    { method: "GET", path: "/networks", handle: list },
    { method: "GET", path: "/networks/", handle: list },
    { method: "GET", path: "/networks/{name}", handle: (request) => inspect(backend, request) },
    { method: "POST", path: "/networks/create", handle: (request) => create(backend, request) },
    {
      method: "POST",
      path: "/networks/prune",
      since: 25,
      handle: async ({ query }) => json(await backend.prune(query.filters(PRUNE_FILTERS))),
    },
    {
      method: "POST",
      path: "/networks/{name}/connect",
      handle: async (request) => {
        const body = await request.jsonOr(connectRequest, "ConnectRequest", { Container: "" });
        await backend.connect(request.name, body);
        return empty(200);
      },
    },
    {
      method: "POST",
      path: "/networks/{name}/disconnect",
      handle: async (request) => {
        const absent = { Container: "", Force: false };
        const body = await request.jsonOr(disconnectRequest, "DisconnectRequest", absent);
        await backend.disconnect(request.name, body);
        return empty(200);
      },
    },
    ...(["GET", "POST"] as const).map(
      (method): Route => ({
        method,
        path: "/berth/networks/check",
        handle: async () => json(await backend.check({ repair: method === "POST" })),
      }),
    ),
    { method: "GET", path: "/berth/nodes", handle: async () => json(await backend.nodes()) },
    {
      method: "DELETE",
      path: "/networks/{name}",
      handle: async ({ name }) => {
        await backend.remove(name);
        return NO_CONTENT;
      },
    },
  ];
}

async function inspect(backend: NetworkBackend, { name, query, version }: ApiRequest) {
  const verbose = query.text("verbose") ?? "false";
  if (!/^(?:1|0|t|f|true|false)$/i.test(verbose)) {
    throw invalidArgument(
      `invalid value for verbose: ${verbose}: strconv.ParseBool: parsing ${JSON.stringify(verbose)}: invalid syntax`,
    );
  }
  const scope = query.text("scope");
  const network = await backend.inspect(name, {
    verbose: /^(?:1|t|true)$/i.test(verbose),
    ...(scope === undefined ? {} : { scope }),
  });
  return json(version >= 52 ? { ...network, Status: networkStatus(network) } : network);
}

async function create(backend: NetworkBackend, request: ApiRequest) {
  const body = await request.jsonOr(networkCreateRequest, "CreateRequest", { Name: "" });
  if (request.version < 48) delete body.EnableIPv4;
  return json(await backend.create(body), 201);
}
