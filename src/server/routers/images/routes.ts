import { EngineError, invalidArgument } from "../../../spec/index.ts";
import { type ApiAnswer, empty, json, progress } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import { decodePlatform, decodeRegistryAuth } from "../../registry-auth.ts";
import type { Route } from "../../route.ts";
import { asOf } from "../../version-shims.ts";
import { containerConfig } from "../containers/bodies.ts";
import { IMAGE_SHIMS, IMAGE_SUMMARY_SHIMS } from "./answer-shims.ts";
import type { ImageBackend } from "./backend.ts";
import { createImage, repoAndTag } from "./create-image.ts";
import { transferRoutes } from "./transfer-routes.ts";

const LIST_FILTERS = ["before", "dangling", "label", "since", "reference", "until"];
const PRUNE_FILTERS = ["dangling", "label", "label!", "until"];
const SEARCH_FILTERS = ["is-automated", "is-official", "stars"];

export function imageRoutes(backend: ImageBackend): Route[] {
  return [...queryRoutes(backend), ...changeRoutes(backend), ...transferRoutes(backend)];
}

function queryRoutes(backend: ImageBackend): Route[] {
  return [
    { method: "GET", path: "/images/json", handle: (request) => listImages(backend, request) },
    {
      method: "GET",
      path: "/images/search",
      handle: (request) => searchImages(backend, request),
    },
    {
      method: "GET",
      path: "/images/get",
      handle: (request) => saveImages(backend, request.query.all("names"), request),
    },
    {
      method: "GET",
      path: "/images/{name}/get",
      handle: (request) => saveImages(backend, [request.name], request),
    },
    {
      method: "GET",
      path: "/images/{name}/history",
      handle: async (request) => {
        const platform = platformSince(request, 48);
        return json(await backend.history(request.name, optionalPlatform(platform)));
      },
    },
    {
      method: "GET",
      path: "/distribution/{name}/json",
      handle: async (request) => {
        const auth = decodeRegistryAuth(request.header("x-registry-auth"));
        return json(await backend.inspectDistribution(request.name, auth, request.signal));
      },
    },
    {
      method: "GET",
      path: "/images/{name}/json",
      handle: (request) => inspectImage(backend, request),
    },
    {
      method: "GET",
      path: "/images/{name}/attestations",
      since: 55,
      handle: async (request) => {
        await backend.inspect(request.name, {
          ...optionalPlatform(platformSince(request, 55)),
          manifests: false,
        });
        throw new EngineError(
          "not-implemented",
          "the image store keeps no attestations: look at them where the image is, in its registry",
        );
      },
    },
  ];
}

function changeRoutes(backend: ImageBackend): Route[] {
  return [
    { method: "POST", path: "/images/create", handle: (request) => createImage(backend, request) },
    { method: "POST", path: "/images/load", handle: (request) => loadImages(backend, request) },
    {
      method: "POST",
      path: "/images/prune",
      since: 25,
      handle: async ({ query }) => {
        const dryRun = query.flag("dry-run");
        return json(await backend.prune(query.filters(PRUNE_FILTERS), { dryRun }));
      },
    },
    {
      method: "POST",
      path: "/images/{name}/push",
      handle: (request) => pushImage(backend, request),
    },
    {
      method: "POST",
      path: "/images/{name}/tag",
      handle: async ({ name, query }) => {
        await backend.tag(name, repoAndTag(query));
        return empty(201);
      },
    },
    {
      method: "DELETE",
      path: "/images/{name}",
      handle: (request) => removeImage(backend, request),
    },
    { method: "POST", path: "/commit", handle: (request) => commitContainer(backend, request) },
  ];
}

async function listImages(
  backend: ImageBackend,
  { query, version }: ApiRequest,
): Promise<ApiAnswer> {
  const filters = query.filters(LIST_FILTERS);
  const legacy = version < 41 ? query.text("filter") : undefined;
  const images = await backend.list({
    all: query.flag("all"),
    sharedSize: version >= 42 && query.flag("shared-size"),
    digests: query.flag("digests"),
    manifests: version >= 47 && query.flag("manifests"),
    filters: legacy === undefined ? filters : { reference: [legacy], ...filters },
  });
  return json(images.map((image) => asOf(version, image, IMAGE_SUMMARY_SHIMS)));
}

async function inspectImage(backend: ImageBackend, request: ApiRequest): Promise<ApiAnswer> {
  const { query, version } = request;
  const manifests = version >= 48 && query.flag("manifests");
  const platform = platformSince(request, 49);
  if (manifests && platform !== undefined) {
    throw invalidArgument("conflicting options: manifests and platform options cannot both be set");
  }
  const image = await backend.inspect(request.name, { ...optionalPlatform(platform), manifests });
  return json(asOf(version, image, IMAGE_SHIMS));
}

async function searchImages(backend: ImageBackend, request: ApiRequest): Promise<ApiAnswer> {
  const { query } = request;
  const term = query.text("term") ?? "";
  const limit = query.integer("limit");
  if ((limit ?? 0) < 0) throw invalidArgument("invalid limit specified");
  const auth = decodeRegistryAuth(request.header("x-registry-auth"));
  const results = await backend.search({
    term,
    filters: query.filters(SEARCH_FILTERS),
    ...(limit === undefined ? {} : { limit }),
    ...(auth === undefined ? {} : { auth }),
  });
  return json(results);
}

async function saveImages(
  backend: ImageBackend,
  names: readonly string[],
  request: ApiRequest,
): Promise<ApiAnswer> {
  return {
    kind: "stream",
    headers: { "Content-Type": "application/x-tar" },
    chunks: await backend.save(names, { platforms: platforms(request) }, request.signal),
  };
}

function loadImages(backend: ImageBackend, request: ApiRequest): ApiAnswer {
  const options = { quiet: request.query.flag("quiet", true), platforms: platforms(request) };
  return progress(backend.load(request.body, options, request.signal));
}

function pushImage(backend: ImageBackend, request: ApiRequest): ApiAnswer {
  const tag = request.query.text("tag");
  const compression = request.query.text("compression");
  const auth = decodeRegistryAuth(request.header("x-registry-auth"));
  const options = {
    ...optionalPlatform(platformSince(request, 46)),
    ...(compression === undefined ? {} : { compression }),
    ...(tag === undefined ? {} : { tag }),
    ...(auth === undefined ? {} : { auth }),
  };
  return progress(backend.push(request.name, options, request.signal));
}

async function removeImage(backend: ImageBackend, request: ApiRequest): Promise<ApiAnswer> {
  const { name, query, version } = request;
  if (name.trim() === "") throw invalidArgument("image name cannot be blank");
  const wanted = version >= 50 ? query.all("platforms") : [];
  const items = await backend.remove(name, {
    force: query.flag("force"),
    noPrune: query.flag("noprune"),
    platforms: wanted.map((text) => decodePlatform(text) ?? ""),
  });
  return json(items);
}

async function commitContainer(backend: ImageBackend, request: ApiRequest): Promise<ApiAnswer> {
  const { query } = request;
  const config = await request.json(containerConfig, "Config");
  const { repo, tag } = query.has("repo") ? repoAndTag(query) : {};
  const committed = await backend.commit({
    container: query.text("container") ?? "",
    comment: query.text("comment") ?? "",
    author: query.text("author") ?? "",
    pause: query.flag("pause", true),
    changes: query.all("changes"),
    ...(repo === undefined || repo === "" ? {} : { repo }),
    ...(tag === undefined ? {} : { tag }),
    ...(config === undefined ? {} : { config }),
  });
  return json(committed, 201);
}

function platformSince({ query, version }: ApiRequest, since: number): string | undefined {
  return version >= since ? decodePlatform(query.text("platform")) : undefined;
}

function optionalPlatform(platform: string | undefined): { platform?: string } {
  return platform === undefined ? {} : { platform };
}

function platforms({ query, version }: ApiRequest): string[] {
  const wanted = version >= 48 ? query.all("platform").filter((text) => text !== "") : [];
  if (wanted.length > 1 && version < 52) {
    throw invalidArgument(
      "multiple platform parameters are not supported in this API version; use API version 1.52 or later",
    );
  }
  return wanted.map((text) => decodePlatform(text) ?? "");
}
