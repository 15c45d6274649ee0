import { MediaType, sha256 } from "../../../../src/spec/index.ts";
import {
  ABSENT,
  IMAGE,
  IMAGE_DIGEST,
  imageDescriptor,
  imageManifest,
  indexManifest,
  LAYER,
  LAYER_DIGEST,
  REFERRERS,
  REPOSITORY,
  SBOM,
  SIGNATURE,
} from "./content.ts";
import type { Case, Exchange } from "./exchange.ts";

/** A repository that no other case touches. */
const LISTED = "spec/listed";
const NO_REFERRERS = "its version knows no referrers";
const referrers = `/v2/${REPOSITORY}/referrers/${IMAGE_DIGEST}`;
const [sbom, more, signature] = REFERRERS.map(sha256);

const begin: Exchange = { method: "POST", path: `/v2/${LISTED}/blobs/uploads/`, status: 202 };
const end = (bytes: string): Exchange => ({
  method: "PUT",
  path: "{location}",
  query: { digest: sha256(bytes) },
  headers: { "Content-Type": "application/octet-stream" },
  body: bytes,
  status: 201,
});
const tag = (name: string): Exchange => ({
  method: "PUT",
  path: `/v2/${LISTED}/manifests/${name}`,
  headers: { "Content-Type": MediaType.ociManifest },
  body: IMAGE,
  status: 201,
});
/** Tags in another order than theirs. */
const filled: readonly Exchange[] = [
  ...["{}", LAYER].flatMap((bytes) => [begin, end(bytes)]),
  ...["v2", "latest", "v10", "1.0"].map(tag),
];
const list = (query: string, tags: readonly string[], link?: RegExp): Exchange => ({
  method: "GET",
  path: `/v2/${LISTED}/tags/list${query}`,
  status: 200,
  shows: link === undefined ? { link: "null" } : { link },
  holds: { name: LISTED, tags },
});
const next = (query: string): RegExp =>
  new RegExp(`<.*/v2/${LISTED}/tags/list\\?${query}>; rel="next"`);

const tagCases: readonly Case[] = [
  {
    endpoint: "end-8a",
    title: "all tags, in order",
    onlyHere: "its version gives them in any order",
    exchanges: [...filled, list("", ["1.0", "latest", "v10", "v2"])],
  },
  {
    endpoint: "end-8a",
    title: "of a repository that is not there",
    exchanges: [
      { method: "GET", path: "/v2/spec/nowhere/tags/list", status: 404, code: "NAME_UNKNOWN" },
    ],
  },
  {
    endpoint: "end-8a",
    title: "of a repository that cannot be",
    onlyHere: "its router gives 404",
    exchanges: [{ method: "GET", path: "/v2/UP/tags/list", status: 400, code: "NAME_INVALID" }],
  },
  {
    endpoint: "end-8b",
    title: "page by page",
    onlyHere: "its version gives all tags at once",
    exchanges: [
      ...filled,
      list("?n=3", ["1.0", "latest", "v10"], next("(n=3&last=v10|last=v10&n=3)")),
      list("?n=3&last=v10", ["v2"]),
      list("?last=latest", ["v10", "v2"]),
      list("?n=4", ["1.0", "latest", "v10", "v2"]),
      list("?n=0", []),
      list("?n=2&last=nothing", ["v10", "v2"]),
    ],
  },
  ...["-1", "many", "1.5", "99999999999999"].map(
    (n): Case => ({
      endpoint: "end-8b",
      title: `refuses n=${n}`,
      onlyHere: "its version does not look at it",
      exchanges: [
        {
          method: "GET",
          path: `/v2/${REPOSITORY}/tags/list?n=${n}`,
          status: 400,
          code: "PAGINATION_NUMBER_INVALID",
        },
      ],
    }),
  ),
  {
    endpoint: "end-8b",
    title: "of a repository that is not there",
    exchanges: [
      { method: "GET", path: "/v2/spec/nowhere/tags/list?n=2", status: 404, code: "NAME_UNKNOWN" },
    ],
  },
];

const found = (query: string, digests: readonly (string | undefined)[]): Exchange => ({
  method: "GET",
  path: `${referrers}${query}`,
  status: 200,
  shows: { "content-type": MediaType.ociIndex },
  holds: {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [...digests].sort().map((digest) => ({ digest })),
  },
});
const filtered = { "content-type": MediaType.ociIndex, "oci-filters-applied": "artifactType" };

/** A subject that no other case refers to. */
const ALONE = imageManifest({ annotations: { case: "alone" } });
const aloneDescriptor = { ...imageDescriptor, digest: sha256(ALONE), size: ALONE.length };
const CHILD = imageManifest({ subject: aloneDescriptor });
const LIST = indexManifest({ subject: aloneDescriptor, artifactType: SBOM });
const put = (reference: string, body: string, type: string = MediaType.ociManifest): Exchange => ({
  method: "PUT",
  path: `/v2/${REPOSITORY}/manifests/${reference}`,
  headers: { "Content-Type": type },
  body,
  status: 201,
});
const alone = (manifests: readonly object[]): Exchange => ({
  method: "GET",
  path: `/v2/${REPOSITORY}/referrers/${sha256(ALONE)}`,
  status: 200,
  holds: { manifests },
});
const fallbackTag = IMAGE_DIGEST.replace(":", "-");

const referrerCases: readonly Case[] = [
  {
    endpoint: "end-12a",
    title: "an index of what refers to a manifest, with type and annotations",
    onlyHere: NO_REFERRERS,
    exchanges: [
      {
        ...alone([]),
        shows: { "content-type": MediaType.ociIndex },
      },
      put(sha256(CHILD), CHILD),
      put(sha256(LIST), LIST, MediaType.ociIndex),
      put(sha256(ALONE), ALONE),
      alone(
        [
          {
            mediaType: MediaType.ociManifest,
            digest: sha256(CHILD),
            size: CHILD.length,
            // Without one of its own it is the config's.
            artifactType: MediaType.ociConfig,
          },
          {
            mediaType: MediaType.ociIndex,
            digest: sha256(LIST),
            size: LIST.length,
            artifactType: SBOM,
          },
        ].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      ),
      {
        method: "DELETE",
        path: `/v2/${REPOSITORY}/manifests/${sha256(CHILD)}`,
        status: 202,
      },
      alone([{ digest: sha256(LIST) }]),
    ],
  },
  {
    endpoint: "end-12a",
    title: "an empty index for what is unknown",
    onlyHere: NO_REFERRERS,
    exchanges: [
      {
        method: "GET",
        path: `/v2/spec/nowhere/referrers/${ABSENT}`,
        status: 200,
        shows: { "content-type": MediaType.ociIndex },
        holds: { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] },
      },
    ],
  },
  {
    endpoint: "end-12a",
    title: "through a cache",
    server: "cache",
    exchanges: [
      {
        method: "GET",
        path: `/v2/up/${REPOSITORY}/referrers/${IMAGE_DIGEST}`,
        query: { artifactType: SIGNATURE },
        status: 200,
        shows: filtered,
        holds: { manifests: [{ digest: signature }] },
      },
    ],
  },
  {
    endpoint: "end-12a",
    title: "of what is no digest",
    onlyHere: NO_REFERRERS,
    exchanges: [
      {
        method: "GET",
        path: `/v2/${REPOSITORY}/referrers/v1`,
        status: 400,
        code: "DIGEST_INVALID",
      },
    ],
  },
  {
    endpoint: "end-12a",
    title: "the tag that clients use where a registry has no referrers is a tag",
    exchanges: [
      put(fallbackTag, indexManifest(), MediaType.ociIndex),
      {
        method: "GET",
        path: `/v2/${REPOSITORY}/manifests/${fallbackTag}`,
        headers: { Accept: MediaType.ociIndex },
        status: 200,
        holds: indexManifest(),
      },
    ],
  },
  {
    endpoint: "end-12b",
    title: "of one type",
    onlyHere: NO_REFERRERS,
    exchanges: [
      {
        ...found(`?artifactType=${encodeURIComponent(SBOM)}`, [sbom, more]),
        shows: filtered,
      },
      { ...found(`?artifactType=${SBOM}`, [sbom, more]), shows: filtered },
      { ...found(`?artifactType=${SIGNATURE}`, [signature]), shows: filtered },
      { ...found("?artifactType=application/none", []), shows: filtered },
    ],
  },
  {
    endpoint: "end-12b",
    title: "page by page, within one type",
    onlyHere: NO_REFERRERS,
    exchanges: [
      {
        ...found(`?artifactType=${encodeURIComponent(SBOM)}&n=1`, [[sbom, more].sort().at(0)]),
        shows: { link: /<.*artifactType=.*last=sha256.*>; rel="next"/ },
      },
      found(`?artifactType=${encodeURIComponent(SBOM)}&n=1&last=${[sbom, more].sort().at(0)}`, [
        [sbom, more].sort().at(1),
      ]),
    ],
  },
  {
    endpoint: "end-12b",
    title: "refuses a wrong number",
    onlyHere: NO_REFERRERS,
    exchanges: [
      {
        method: "GET",
        path: `${referrers}?artifactType=${SIGNATURE}&n=x`,
        status: 400,
        code: "PAGINATION_NUMBER_INVALID",
      },
    ],
  },
];

const deletionCases: readonly Case[] = [
  {
    endpoint: "end-10",
    title: "takes a blob out of its repository alone",
    exchanges: [
      ...[begin, end(LAYER)].map((exchange) => ({
        ...exchange,
        path: exchange.path.replace(LISTED, "spec/unlinked"),
      })),
      { method: "DELETE", path: `/v2/spec/unlinked/blobs/${LAYER_DIGEST}`, status: 202 },
      {
        method: "GET",
        path: `/v2/spec/unlinked/blobs/${LAYER_DIGEST}`,
        status: 404,
        code: "BLOB_UNKNOWN",
      },
      {
        method: "GET",
        path: `/v2/${REPOSITORY}/blobs/${LAYER_DIGEST}`,
        status: 200,
        holds: LAYER,
      },
    ],
  },
  {
    endpoint: "end-10",
    title: "of a blob that is not there",
    exchanges: [
      {
        method: "DELETE",
        path: `/v2/${REPOSITORY}/blobs/${ABSENT}`,
        status: 404,
        code: "BLOB_UNKNOWN",
      },
    ],
  },
  {
    endpoint: "end-10",
    title: "of what is no digest",
    onlyHere: "its router gives 404",
    exchanges: [
      {
        method: "DELETE",
        path: `/v2/${REPOSITORY}/blobs/sha256:x`,
        status: 400,
        code: "DIGEST_INVALID",
      },
    ],
  },
];

export const discoveryCases: readonly Case[] = [...tagCases, ...referrerCases, ...deletionCases];
