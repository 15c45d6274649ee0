import { MediaType } from "../../../../src/spec/index.ts";
import { IMAGE, IMAGE_DIGEST, imageManifest, LAYER_DIGEST, OTHER, REPOSITORY } from "./content.ts";
import type { Case, Exchange } from "./exchange.ts";

const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const app = `/v2/${REPOSITORY}`;
const oci = { "Content-Type": MediaType.ociManifest };

/** One request for each endpoint. */
const EACH: readonly (readonly [endpoint: string, method: string, path: string])[] = [
  ["end-1", "GET", "/v2/"],
  ["end-2", "GET", `${app}/blobs/${LAYER_DIGEST}`],
  ["end-2", "HEAD", `${app}/blobs/${LAYER_DIGEST}`],
  ["end-3", "GET", `${app}/manifests/v1`],
  ["end-3", "HEAD", `${app}/manifests/v1`],
  ["end-4a", "POST", `${app}/blobs/uploads/`],
  ["end-4b", "POST", `${app}/blobs/uploads/?digest=${LAYER_DIGEST}`],
  ["end-5", "PATCH", `${app}/blobs/uploads/6e3b1f64-0000-4000-8000-000000000000`],
  ["end-6", "PUT", `${app}/blobs/uploads/6e3b1f64-0000-4000-8000-000000000000`],
  ["end-7a", "PUT", `${app}/manifests/v1`],
  ["end-8a", "GET", `${app}/tags/list`],
  ["end-9", "DELETE", `${app}/manifests/${IMAGE_DIGEST}`],
  ["end-10", "DELETE", `${app}/blobs/${LAYER_DIGEST}`],
  ["end-11", "POST", `${app}/blobs/uploads/?mount=${LAYER_DIGEST}&from=${OTHER}`],
  ["end-12a", "GET", `${app}/referrers/${IMAGE_DIGEST}`],
  ["end-13", "GET", `${app}/blobs/uploads/6e3b1f64-0000-4000-8000-000000000000`],
  ["end-14", "DELETE", `${app}/blobs/uploads/6e3b1f64-0000-4000-8000-000000000000`],
];

const isWrite = (method: string): boolean => method !== "GET" && method !== "HEAD";

const refusals: readonly Case[] = EACH.flatMap(([endpoint, method, path]): Case[] => {
  const refused = (code: string) => (method === "HEAD" ? {} : { code });
  const scope = endpoint === "end-1" ? "" : ".*scope=.*spec/app";
  const cases: Case[] = [
    {
      endpoint,
      title: `${method} without a login`,
      server: "users",
      exchanges: [
        {
          method,
          path,
          status: 401,
          shows: { "www-authenticate": /Basic realm="Berth Registry"/ },
          ...refused("UNAUTHORIZED"),
        },
      ],
    },
    {
      endpoint,
      title: `${method} with a wrong password`,
      server: "users",
      exchanges: [
        {
          method,
          path,
          headers: basic("anna", "wrong"),
          status: 401,
          ...refused("UNAUTHORIZED"),
        },
      ],
    },
    {
      endpoint,
      title: `${method} with a forged token`,
      server: "tokens",
      exchanges: [
        {
          method,
          path,
          headers: { Authorization: "Bearer e30.e30.AAAA" },
          status: 401,
          shows: {
            "www-authenticate": new RegExp(`Bearer realm="http.*/token".*${scope}.*invalid_token`),
          },
          ...refused("UNAUTHORIZED"),
        },
      ],
    },
  ];
  if (!isWrite(method) && endpoint !== "end-13") return cases;
  cases.push({
    endpoint,
    title: `${method} by one who may only pull`,
    server: "users",
    exchanges: [
      { method, path, headers: basic("rita", "reads"), status: 403, ...refused("DENIED") },
    ],
  });
  if (endpoint === "end-13") return cases;
  for (const server of ["frozen", "cache"] as const) {
    cases.push({
      endpoint,
      title: `${method} to a registry that is ${server === "frozen" ? "read-only" : "a cache"}`,
      server,
      exchanges: [
        {
          method,
          path: server === "cache" ? path.replaceAll(app, `/v2/up/${REPOSITORY}`) : path,
          status: 405,
          code: "UNSUPPORTED",
        },
      ],
    });
  }
  return cases;
});

const readAgain: Exchange = {
  method: "GET",
  path: `${app}/manifests/v1`,
  headers: { Accept: MediaType.ociManifest },
  status: 200,
  holds: IMAGE,
};

export const accessCases: readonly Case[] = [
  ...refusals,
  {
    endpoint: "end-1",
    title: "with a login",
    server: "users",
    exchanges: [{ method: "GET", path: "/v2/", headers: basic("anna", "s3cret"), status: 200 }],
  },
  {
    endpoint: "end-3",
    title: "by one who may only pull",
    server: "users",
    exchanges: [{ ...readAgain, headers: { ...basic("rita", "reads"), ...readAgain.headers } }],
  },
  {
    endpoint: "end-3",
    title: "of a registry that is read-only",
    server: "frozen",
    exchanges: [readAgain],
  },
  {
    endpoint: "end-3",
    title: "through a cache",
    server: "cache",
    exchanges: [{ ...readAgain, path: `/v2/up/${REPOSITORY}/manifests/v1` }],
  },
  {
    endpoint: "end-4a",
    title: "where the quota is used up",
    server: "full",
    exchanges: [{ method: "POST", path: `${app}/blobs/uploads/`, status: 403, code: "DENIED" }],
  },
  {
    endpoint: "end-4b",
    title: "of a blob for which the quota has no room",
    server: "full",
    exchanges: [
      {
        method: "POST",
        path: `${app}/blobs/uploads/?digest=${LAYER_DIGEST}`,
        body: "0123456789",
        status: 403,
        code: "DENIED",
      },
    ],
  },
  {
    endpoint: "end-7a",
    title: "where the quota is used up",
    server: "full",
    exchanges: [
      {
        method: "PUT",
        path: `${app}/manifests/more`,
        headers: oci,
        body: imageManifest(),
        status: 403,
        code: "DENIED",
      },
    ],
  },
  {
    endpoint: "end-4a",
    title: "where too many uploads are unfinished",
    server: "crowded",
    exchanges: [
      { method: "POST", path: "/v2/crowd/blobs/uploads/", status: 202 },
      { method: "POST", path: "/v2/crowd/blobs/uploads/", status: 202 },
      {
        method: "POST",
        path: "/v2/crowd/blobs/uploads/",
        status: 429,
        code: "TOOMANYREQUESTS",
        shows: { "retry-after": /\d+/ },
      },
      { method: "DELETE", path: "{location}", status: 204 },
      { method: "POST", path: "/v2/crowd/blobs/uploads/", status: 202 },
    ],
  },
];
