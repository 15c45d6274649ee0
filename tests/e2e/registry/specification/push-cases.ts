import { createHash } from "node:crypto";
import { ABSENT, LAYER, LAYER_DIGEST, OTHER } from "./content.ts";
import type { Case, Exchange } from "./exchange.ts";

const bytes = { "Content-Type": "application/octet-stream" };
const LONG_DIGEST = `sha512:${createHash("sha512").update(LAYER).digest("hex")}`;
const UPLOAD = "[^/?]+";
const NOT_YET = "its version does not know it";

const start = (name: string, query: Record<string, string> = {}): Exchange => ({
  method: "POST",
  path: `/v2/${name}/blobs/uploads/`,
  query,
  status: 202,
});
const chunk = (range: string, body: string, status = 202): Exchange => ({
  method: "PATCH",
  path: "{location}",
  headers: { ...bytes, "Content-Range": range },
  body,
  status,
});
const finish = (fields: Partial<Exchange> = {}): Exchange => ({
  method: "PUT",
  path: "{location}",
  query: { digest: LAYER_DIGEST },
  headers: bytes,
  status: 201,
  ...fields,
});
const pulled = (name: string, digest: string = LAYER_DIGEST): Exchange => ({
  method: "GET",
  path: `/v2/${name}/blobs/${digest}`,
  status: 200,
  holds: LAYER,
});
const notKept = (name: string): Exchange => ({
  method: "HEAD",
  path: `/v2/${name}/blobs/${LAYER_DIGEST}`,
  status: 404,
});

/** Of an upload that is not there, or not in this repository. */
const unknown = (endpoint: string, method: string): Case => ({
  endpoint,
  title: `${method} of an upload that is not there`,
  onlyHere: "it looks for its signed state first",
  exchanges: [
    start("spec/known"),
    {
      method,
      path: "/v2/spec/known/blobs/uploads/6e3b1f64-0000-4000-8000-000000000000",
      query: { digest: LAYER_DIGEST },
      status: 404,
      code: "BLOB_UPLOAD_UNKNOWN",
    },
  ],
});

const NAMES = ["UPPER", "a//b", "-a", "a/", "_blobs", "%2e%2e%2fb", "a%00b"];
const uploadPath = "blobs/uploads/6e3b1f64-0000-4000-8000-000000000000";
const wrongNames: readonly Case[] = [
  ...[...NAMES, "a".repeat(256)].map((name) => ["end-4a", "POST", name, "blobs/uploads/"] as const),
  ["end-5", "PATCH", "UPPER", uploadPath] as const,
  ["end-6", "PUT", "UPPER", uploadPath] as const,
  ["end-13", "GET", "UPPER", uploadPath] as const,
  ["end-14", "DELETE", "UPPER", uploadPath] as const,
].map(([endpoint, method, name, rest]) => ({
  endpoint,
  title: `${method} in a repository that cannot be: ${name.slice(0, 20)}`,
  onlyHere: "its router gives 404 for some of them",
  exchanges: [{ method, path: `/v2/${name}/${rest}`, status: 400, code: "NAME_INVALID" }],
}));

const startCases: readonly Case[] = [
  {
    endpoint: "end-4a",
    title: "begins an upload",
    exchanges: [
      {
        ...start("spec/begin"),
        shows: {
          location: new RegExp(`/v2/spec/begin/blobs/uploads/${UPLOAD}`),
          "docker-upload-uuid": /[0-9a-f-]{36}/,
          "content-length": "0",
        },
      },
    ],
  },
  {
    endpoint: "end-4b",
    title: "takes a whole blob at once",
    onlyHere: NOT_YET,
    exchanges: [
      {
        ...start("spec/once", { digest: LAYER_DIGEST }),
        headers: bytes,
        body: LAYER,
        status: 201,
        shows: { location: /\/v2\/spec\/once\/blobs\/sha256:/ },
      },
      pulled("spec/once"),
    ],
  },
  {
    endpoint: "end-4b",
    title: "refuses a blob with another digest and keeps nothing",
    onlyHere: NOT_YET,
    exchanges: [
      {
        ...start("spec/wrong", { digest: ABSENT }),
        body: LAYER,
        status: 400,
        code: "DIGEST_INVALID",
      },
      notKept("spec/wrong"),
      { ...start("spec/wrong", { digest: "x" }), status: 400, code: "DIGEST_INVALID" },
    ],
  },
  {
    endpoint: "end-4b",
    title: "refuses a blob above the limit and keeps nothing",
    server: "small",
    exchanges: [
      {
        ...start("spec/large", { digest: LAYER_DIGEST }),
        body: "x".repeat(2000),
        status: 413,
        code: "SIZE_INVALID",
      },
    ],
  },
  {
    endpoint: "end-4c",
    title: "hashes with the algorithm that the client wants",
    onlyHere: NOT_YET,
    exchanges: [
      start("spec/sha512", { "digest-algorithm": "sha512" }),
      finish({ query: { digest: LONG_DIGEST }, body: LAYER }),
      pulled("spec/sha512", LONG_DIGEST),
    ],
  },
  {
    endpoint: "end-4c",
    title: "refuses an algorithm that it cannot verify",
    onlyHere: NOT_YET,
    exchanges: [
      {
        ...start("spec/sha512", { "digest-algorithm": "md5" }),
        status: 400,
        code: "DIGEST_INVALID",
      },
    ],
  },
  {
    endpoint: "end-11",
    title: "mounts a blob of another repository",
    exchanges: [
      {
        ...start("spec/mounted", { mount: LAYER_DIGEST, from: OTHER }),
        status: 201,
        shows: {
          location: new RegExp(`/v2/spec/mounted/blobs/${LAYER_DIGEST}`),
          "docker-content-digest": LAYER_DIGEST,
        },
      },
      pulled("spec/mounted"),
    ],
  },
  ...[
    { mount: ABSENT, from: OTHER },
    { mount: LAYER_DIGEST, from: "spec/nowhere" },
    { mount: LAYER_DIGEST },
  ].map(
    (query: Record<string, string>): Case => ({
      endpoint: "end-11",
      title: `${JSON.stringify(query).slice(0, 30)} becomes an upload`,
      exchanges: [
        start("spec/unmounted", query),
        finish({ body: LAYER }),
        pulled("spec/unmounted"),
      ],
    }),
  ),
  ...[
    [{ mount: "abc", from: OTHER }, "DIGEST_INVALID"] as const,
    [{ mount: LAYER_DIGEST, from: "../a" }, "NAME_INVALID"] as const,
  ].map(
    ([query, code]): Case => ({
      endpoint: "end-11",
      title: `refuses a mount with ${code}`,
      onlyHere: "it begins an upload",
      exchanges: [{ ...start("spec/unmounted", query), status: 400, code }],
    }),
  ),
];

const chunkCases: readonly Case[] = [
  {
    endpoint: "end-5",
    title: "takes chunks in order",
    exchanges: [
      start("spec/chunks"),
      { ...chunk("0-3", "0123"), shows: { range: "0-3" } },
      { ...chunk("4-6", "456"), shows: { range: "0-6" } },
      finish({ headers: { ...bytes, "Content-Range": "7-9" }, body: "789" }),
      pulled("spec/chunks"),
    ],
  },
  {
    endpoint: "end-5",
    title: "refuses a chunk that leaves a gap, and goes on",
    onlyHere: "it gives no code",
    exchanges: [
      start("spec/gap"),
      chunk("0-3", "0123"),
      { ...chunk("5-6", "56", 416), code: "BLOB_UPLOAD_INVALID", shows: { range: "0-3" } },
      chunk("4-9", "456789"),
      finish(),
      pulled("spec/gap"),
    ],
  },
  {
    endpoint: "end-5",
    title: "refuses a chunk that is there already, and says where to go on",
    onlyHere: "it gives no code",
    exchanges: [
      start("spec/twice"),
      chunk("0-3", "0123"),
      {
        ...chunk("0-3", "0123", 416),
        code: "BLOB_UPLOAD_INVALID",
        shows: { location: /uploads/, range: "0-3" },
      },
    ],
  },
  {
    endpoint: "end-5",
    title: "takes a stream without a length",
    exchanges: [
      start("spec/stream"),
      {
        method: "PATCH",
        path: "{location}",
        headers: bytes,
        body: ["012", "3456", "789"],
        status: 202,
        shows: { range: "0-9" },
      },
      finish(),
      pulled("spec/stream"),
    ],
  },
  ...["zero-two", "3-1", "-1-2", "0-99999999999999999999", "bytes"].map(
    (range): Case => ({
      endpoint: "end-5",
      title: `refuses the range ${range}`,
      onlyHere: "it gives 416 for some of them",
      exchanges: [
        start("spec/ranges"),
        { ...chunk(range, "abc", 400), code: "BLOB_UPLOAD_INVALID" },
      ],
    }),
  ),
  {
    endpoint: "end-5",
    title: "refuses a chunk with another length than its range",
    onlyHere: "it does not look at the length",
    exchanges: [start("spec/length"), { ...chunk("0-8", "abc", 400), code: "SIZE_INVALID" }],
  },
  {
    endpoint: "end-5",
    title: "refuses a stream above the limit while it comes",
    server: "small",
    exchanges: [
      start("spec/large"),
      {
        method: "PATCH",
        path: "{location}",
        body: Array.from({ length: 20 }, () => "x".repeat(100)),
        status: 413,
        code: "SIZE_INVALID",
      },
    ],
  },
  unknown("end-5", "PATCH"),
];

const finishCases: readonly Case[] = [
  {
    endpoint: "end-6",
    title: "takes a blob in one piece",
    exchanges: [
      start("spec/put"),
      finish({
        body: LAYER,
        shows: {
          location: new RegExp(`/v2/spec/put/blobs/${LAYER_DIGEST}`),
          "docker-content-digest": LAYER_DIGEST,
        },
      }),
      pulled("spec/put"),
    ],
  },
  {
    endpoint: "end-6",
    title: "takes the same blob again",
    exchanges: [start("spec/put"), finish({ body: LAYER }), pulled("spec/put")],
  },
  {
    endpoint: "end-6",
    title: "refuses a last chunk that leaves a gap",
    onlyHere: "it gives no code",
    exchanges: [
      start("spec/last"),
      finish({
        headers: { ...bytes, "Content-Range": "3-9" },
        body: "3456789",
        status: 416,
        code: "BLOB_UPLOAD_INVALID",
      }),
    ],
  },
  {
    endpoint: "end-6",
    title: "refuses another digest and keeps nothing",
    exchanges: [
      start("spec/other"),
      finish({ query: { digest: ABSENT }, body: LAYER, status: 400, code: "DIGEST_INVALID" }),
      notKept("spec/other"),
    ],
  },
  ...[{}, { digest: "" }, { digest: "sha256:abc" }].map(
    (query: Record<string, string>): Case => ({
      endpoint: "end-6",
      title: `refuses ${JSON.stringify(query)} in place of a digest`,
      exchanges: [
        start("spec/none"),
        finish({ query, body: LAYER, status: 400, code: "DIGEST_INVALID" }),
      ],
    }),
  ),
  {
    endpoint: "end-6",
    title: "refuses a blob above the limit",
    server: "small",
    exchanges: [
      start("spec/large"),
      finish({ body: "x".repeat(2000), status: 413, code: "SIZE_INVALID" }),
    ],
  },
  unknown("end-6", "PUT"),
  {
    endpoint: "end-13",
    title: "says how far an upload is",
    exchanges: [
      start("spec/status"),
      chunk("0-3", "0123"),
      {
        method: "GET",
        path: "{location}",
        status: 204,
        shows: { range: "0-3", location: /\/v2\/spec\/status\/blobs\/uploads\// },
      },
    ],
  },
  unknown("end-13", "GET"),
  {
    endpoint: "end-14",
    title: "cancels an upload",
    exchanges: [
      start("spec/cancel"),
      chunk("0-3", "0123"),
      { method: "DELETE", path: "{location}", status: 204 },
      { method: "GET", path: "{location}", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
    ],
  },
  {
    endpoint: "end-14",
    title: "answers 204 to who cancels",
    exchanges: [start("spec/cancel"), { method: "DELETE", path: "{location}", status: 204 }],
  },
  unknown("end-14", "DELETE"),
];

export const pushCases: readonly Case[] = [
  ...startCases,
  ...wrongNames,
  ...chunkCases,
  ...finishCases,
];
