import { MediaType } from "../../../../src/spec/index.ts";
import { ABSENT, IMAGE, IMAGE_DIGEST, LAYER, LAYER_DIGEST, OTHER, REPOSITORY } from "./content.ts";
import type { Case } from "./exchange.ts";

const blob = `/v2/${REPOSITORY}/blobs/${LAYER_DIGEST}`;
const manifests = `/v2/${REPOSITORY}/manifests`;
const both = ["GET", "HEAD"] as const;
const rangeCase = (range: string, text: string, told: string): Case => ({
  endpoint: "end-2",
  title: `a part of a blob: ${range}`,
  exchanges: [
    {
      method: "GET",
      path: blob,
      headers: { Range: range },
      status: 206,
      shows: { "content-range": told, "content-length": String(text.length) },
      holds: text,
    },
  ],
});

export const pullCases: readonly Case[] = [
  {
    endpoint: "end-1",
    title: "the API is there",
    exchanges: [
      {
        method: "GET",
        path: "/v2/",
        status: 200,
        shows: { "docker-distribution-api-version": "registry/2.0" },
      },
    ],
  },
  {
    endpoint: "end-1",
    title: "takes no other method",
    onlyHere: "it takes any method there",
    exchanges: [{ method: "DELETE", path: "/v2/", status: 405, code: "UNSUPPORTED" }],
  },
  ...both.map(
    (method): Case => ({
      endpoint: "end-2",
      title: `${method} a blob`,
      exchanges: [
        {
          method,
          path: blob,
          status: 200,
          shows: {
            "docker-content-digest": LAYER_DIGEST,
            "content-length": "10",
            "content-type": "application/octet-stream",
          },
          holds: method === "GET" ? LAYER : "",
        },
      ],
    }),
  ),
  rangeCase("bytes=2-4", "234", "bytes 2-4/10"),
  rangeCase("bytes=7-", "789", "bytes 7-9/10"),
  rangeCase("bytes=-3", "789", "bytes 7-9/10"),
  rangeCase("bytes=5-100", "56789", "bytes 5-9/10"),
  {
    endpoint: "end-2",
    title: "a range behind the end",
    onlyHere: "it breaks the connection off",
    exchanges: [{ method: "GET", path: blob, headers: { Range: "bytes=10-" }, status: 416 }],
  },
  ...["bytes=4-2", "bytes=a-b", "lines=0-1", "bytes=0-1,4-5", "bytes=--1", "bytes"].map(
    (range): Case => ({
      endpoint: "end-2",
      title: `a range that is none or several is not followed: ${range}`,
      onlyHere: "it answers such ranges with 416, or with several parts",
      exchanges: [
        { method: "GET", path: blob, headers: { Range: range }, status: 200, holds: LAYER },
      ],
    }),
  ),
  {
    endpoint: "end-2",
    title: "a blob that is not there",
    exchanges: [
      {
        method: "GET",
        path: `/v2/${REPOSITORY}/blobs/${ABSENT}`,
        status: 404,
        code: "BLOB_UNKNOWN",
      },
    ],
  },
  {
    endpoint: "end-2",
    title: "HEAD a blob that is not there",
    exchanges: [{ method: "HEAD", path: `/v2/${REPOSITORY}/blobs/${ABSENT}`, status: 404 }],
  },
  {
    endpoint: "end-2",
    title: "a blob that another repository has",
    exchanges: [
      {
        method: "GET",
        path: `/v2/spec/empty/blobs/${LAYER_DIGEST}`,
        status: 404,
        code: "BLOB_UNKNOWN",
      },
    ],
  },
  ...[
    "sha256:abc",
    `sha256:${"G".repeat(64)}`,
    `md5:${"0".repeat(32)}`,
    `${LAYER_DIGEST}0`,
    "latest",
  ].map(
    (digest): Case => ({
      endpoint: "end-2",
      title: `a digest that is none: ${digest.slice(0, 20)}`,
      onlyHere: "its router gives 404 for some of them",
      exchanges: [
        {
          method: "GET",
          path: `/v2/${REPOSITORY}/blobs/${digest}`,
          status: 400,
          code: "DIGEST_INVALID",
        },
      ],
    }),
  ),
  ...both.flatMap((method) =>
    [IMAGE_DIGEST, "v1"].map(
      (reference): Case => ({
        endpoint: "end-3",
        title: `${method} a manifest by ${reference === "v1" ? "tag" : "digest"}`,
        exchanges: [
          {
            method,
            path: `${manifests}/${reference}`,
            headers: { Accept: MediaType.ociManifest },
            status: 200,
            shows: {
              "docker-content-digest": IMAGE_DIGEST,
              "content-type": MediaType.ociManifest,
              "content-length": String(IMAGE.length),
            },
            holds: method === "GET" ? IMAGE : "",
          },
        ],
      }),
    ),
  ),
  ...["nothing", ABSENT].map(
    (reference): Case => ({
      endpoint: "end-3",
      title: `a manifest that is not there: ${reference.slice(0, 10)}`,
      exchanges: [
        {
          method: "GET",
          path: `${manifests}/${reference}`,
          status: 404,
          code: "MANIFEST_UNKNOWN",
        },
        { method: "HEAD", path: `${manifests}/${reference}`, status: 404 },
      ],
    }),
  ),
  {
    endpoint: "end-3",
    title: "a tag that only another repository has",
    exchanges: [
      {
        method: "GET",
        path: `/v2/${OTHER}/manifests/v1`,
        status: 404,
        code: "MANIFEST_UNKNOWN",
      },
    ],
  },
  {
    endpoint: "end-3",
    title: "a digest that is none",
    onlyHere: "its router gives 404",
    exchanges: [
      { method: "GET", path: `${manifests}/sha256:abc`, status: 400, code: "DIGEST_INVALID" },
    ],
  },
  ...["-tag", ".tag", "a".repeat(129), "a%20b", "a+b"].map(
    (tag): Case => ({
      endpoint: "end-3",
      title: `a tag that is none: ${tag.slice(0, 10)}`,
      onlyHere: "its router gives 404",
      exchanges: [{ method: "GET", path: `${manifests}/${tag}`, status: 400, code: "TAG_INVALID" }],
    }),
  ),
];
