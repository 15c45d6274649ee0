import { MediaType, sha256 } from "../../../../src/spec/index.ts";
import {
  ABSENT,
  configDescriptor,
  IMAGE,
  IMAGE_DIGEST,
  INDEX,
  INDEX_DIGEST,
  imageDescriptor,
  imageManifest,
  indexManifest,
  layerDescriptor,
  REPOSITORY,
} from "./content.ts";
import type { Case, Exchange } from "./exchange.ts";

const manifests = `/v2/${REPOSITORY}/manifests`;
const NOT_THERE = "its version does not know it";
const LENIENT = "it takes what it does not know";

const put = (reference: string, body: string, fields: Partial<Exchange> = {}): Exchange => ({
  method: "PUT",
  path: `${manifests}/${reference}`,
  headers: { "Content-Type": MediaType.ociManifest },
  body,
  status: 201,
  ...fields,
});
const index = { "Content-Type": MediaType.ociIndex };
const got = (reference: string, body: string): Exchange => ({
  method: "GET",
  path: `${manifests}/${reference}`,
  headers: { Accept: `${MediaType.ociManifest}, ${MediaType.ociIndex}` },
  status: 200,
  shows: { "docker-content-digest": sha256(body) },
  holds: body,
});

const TAGGED = imageManifest({ annotations: { case: "tag" } });
const TWICE = imageManifest({ annotations: { case: "twice" } });
const WITH_SUBJECT = imageManifest({
  subject: imageDescriptor,
  annotations: { case: "subject" },
});
const OF_NOBODY = imageManifest({
  subject: { ...imageDescriptor, digest: ABSENT },
  annotations: { case: "a subject that is not there" },
});
const MISSING_LAYER = imageManifest({ layers: [{ ...layerDescriptor, digest: ABSENT }] });
const FOREIGN = imageManifest({
  layers: [
    {
      mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
      digest: ABSENT,
      size: 5,
      urls: ["https://layers.example/it"],
    },
  ],
});

/** Title, body, and why Debian's registry is not asked, if it is not. */
const INVALID: readonly (readonly [string, string, string?])[] = [
  ["nothing", ""],
  ["no JSON", "{"],
  ["bytes that are no UTF-8 as a name", '{"\\ud800": 1'],
  ["a list", "[]"],
  ["null", "null", "it gives 500"],
  ["a number", "7"],
  ["no schemaVersion", '{"config":{},"layers":[]}', LENIENT],
  ["schemaVersion 3", imageManifest({ schemaVersion: 3 }), LENIENT],
  ["schemaVersion as text", imageManifest({ schemaVersion: "2" })],
  ["another mediaType than the request's", imageManifest({ mediaType: MediaType.ociIndex })],
  ["a mediaType of a wrong type", imageManifest({ mediaType: 5 })],
  ["no config", imageManifest({ config: undefined }), LENIENT],
  ["a config that is a text", imageManifest({ config: "config" })],
  ["layers that are no list", imageManifest({ layers: {} })],
  ["a layer that is null", imageManifest({ layers: [null] }), LENIENT],
  [
    "a layer with a wrong digest",
    imageManifest({ layers: [{ ...layerDescriptor, digest: "sha256:../../etc/passwd" }] }),
    LENIENT,
  ],
  [
    "a layer with a negative size",
    imageManifest({ layers: [{ ...layerDescriptor, size: -1 }] }),
    LENIENT,
  ],
  [
    "a layer with another size than its blob",
    imageManifest({ layers: [{ ...layerDescriptor, size: 11 }] }),
    LENIENT,
  ],
  [
    "one blob with two sizes",
    imageManifest({ layers: [layerDescriptor, { ...layerDescriptor, size: 11 }] }),
    LENIENT,
  ],
  [
    "a layer whose size is no whole number",
    imageManifest({ layers: [{ ...layerDescriptor, size: 1.5 }] }),
  ],
  ["a subject that is none", imageManifest({ subject: { digest: "x" } }), LENIENT],
  ["annotations that are no texts", imageManifest({ annotations: { a: { b: 1 } } })],
  ["an artifactType of a wrong type", imageManifest({ artifactType: 1 }), LENIENT],
  ["layers and manifests at once", imageManifest({ manifests: [] })],
  ["JSON that is 100,000 levels deep", "[".repeat(100_000) + "]".repeat(100_000)],
  [
    "a field that is 100,000 levels deep",
    `{"schemaVersion":2,"config":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`,
  ],
  [
    "the same field twice",
    `${IMAGE.slice(0, -1)},"layers":[${JSON.stringify(layerDescriptor)}]}`,
    LENIENT,
  ],
];

export const manifestCases: readonly Case[] = [
  {
    endpoint: "end-7a",
    title: "takes a manifest by tag",
    exchanges: [
      put("tagged", TAGGED, {
        shows: {
          location: new RegExp(`${manifests}/`),
          "docker-content-digest": sha256(TAGGED),
        },
      }),
      got("tagged", TAGGED),
      got(sha256(TAGGED), TAGGED),
    ],
  },
  {
    endpoint: "end-7a",
    title: "takes a manifest by digest, twice",
    exchanges: [put(sha256(TWICE), TWICE), put(sha256(TWICE), TWICE), got(sha256(TWICE), TWICE)],
  },
  {
    endpoint: "end-7a",
    title: "moves a tag",
    exchanges: [put("moved", TAGGED), put("moved", IMAGE), got("moved", IMAGE)],
  },
  {
    endpoint: "end-7a",
    title: "takes an index",
    exchanges: [put("all", INDEX, { headers: index }), got(INDEX_DIGEST, INDEX)],
  },
  {
    endpoint: "end-7a",
    title: "names the subject of a manifest",
    onlyHere: NOT_THERE,
    exchanges: [
      put(sha256(WITH_SUBJECT), WITH_SUBJECT, { shows: { "oci-subject": IMAGE_DIGEST } }),
    ],
  },
  {
    endpoint: "end-7a",
    title: "takes a manifest whose subject is not there",
    onlyHere: NOT_THERE,
    exchanges: [put(sha256(OF_NOBODY), OF_NOBODY, { shows: { "oci-subject": ABSENT } })],
  },
  {
    endpoint: "end-7a",
    title: "takes a layer that stays with its author",
    onlyHere: "it refuses hosts that its settings do not name",
    exchanges: [put("foreign", FOREIGN), got("foreign", FOREIGN)],
  },
  {
    endpoint: "end-7a",
    title: "refuses a layer that is not there",
    onlyHere: "it gives 400",
    exchanges: [put("lost", MISSING_LAYER, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" })],
  },
  {
    endpoint: "end-7a",
    title: "refuses a config that is not there",
    onlyHere: "it gives 400",
    exchanges: [
      put("lost", imageManifest({ config: { ...configDescriptor, digest: ABSENT } }), {
        status: 404,
        code: "MANIFEST_BLOB_UNKNOWN",
      }),
    ],
  },
  {
    endpoint: "end-7a",
    title: "refuses an index of a manifest that is not there",
    onlyHere: "it gives 400",
    exchanges: [
      put("lost", indexManifest({ manifests: [{ ...imageDescriptor, digest: ABSENT }] }), {
        headers: index,
        status: 404,
        code: "MANIFEST_BLOB_UNKNOWN",
      }),
      { method: "HEAD", path: `${manifests}/lost`, status: 404 },
    ],
  },
  {
    endpoint: "end-7a",
    title: "refuses another digest than that of the bytes",
    exchanges: [put(ABSENT, IMAGE, { status: 400, code: "DIGEST_INVALID" })],
  },
  {
    endpoint: "end-7a",
    title: "refuses a tag that is none",
    onlyHere: "its router gives 404",
    exchanges: [put("-x", IMAGE, { status: 400, code: "TAG_INVALID" })],
  },
  {
    endpoint: "end-7a",
    title: "refuses a manifest above the limit",
    server: "small",
    exchanges: [
      put("large", imageManifest({ annotations: { a: "x".repeat(3000) } }), {
        status: 413,
        code: "SIZE_INVALID",
      }),
    ],
  },
  ...["text/html", "application/vnd.docker.distribution.manifest.v1+prettyjws"].map(
    (type): Case => ({
      endpoint: "end-7a",
      title: `refuses the media type ${type}`,
      exchanges: [
        put("odd", IMAGE, {
          headers: { "Content-Type": type },
          status: 400,
          code: "MANIFEST_INVALID",
        }),
      ],
    }),
  ),
  ...INVALID.map(
    ([title, body, why]): Case => ({
      endpoint: "end-7a",
      title: `refuses ${title}`,
      ...(why === undefined ? {} : { onlyHere: why }),
      exchanges: [
        put("invalid", body, { status: 400, code: "MANIFEST_INVALID" }),
        { method: "HEAD", path: `${manifests}/invalid`, status: 404 },
      ],
    }),
  ),
  {
    endpoint: "end-7b",
    title: "sets several tags at once",
    onlyHere: NOT_THERE,
    exchanges: [
      put(`${IMAGE_DIGEST}?tag=one&tag=two`, IMAGE, { shows: { "oci-tag": "one, two" } }),
      got("one", IMAGE),
      got("two", IMAGE),
    ],
  },
  {
    endpoint: "end-7b",
    title: "refuses a tag that is none, and sets none",
    onlyHere: NOT_THERE,
    exchanges: [
      put(`${IMAGE_DIGEST}?tag=good&tag=-x`, IMAGE, { status: 400, code: "TAG_INVALID" }),
      { method: "HEAD", path: `${manifests}/good`, status: 404 },
    ],
  },
  {
    endpoint: "end-9",
    title: "takes a tag alone",
    onlyHere: "it knows no deletion of tags",
    exchanges: [
      put("leaves", IMAGE),
      { method: "DELETE", path: `${manifests}/leaves`, status: 202 },
      { method: "GET", path: `${manifests}/leaves`, status: 404, code: "MANIFEST_UNKNOWN" },
      got(IMAGE_DIGEST, IMAGE),
    ],
  },
  {
    endpoint: "end-9",
    title: "takes a manifest with its tags",
    exchanges: [
      put("goes", TWICE),
      { method: "DELETE", path: `${manifests}/${sha256(TWICE)}`, status: 202 },
      {
        method: "GET",
        path: `${manifests}/${sha256(TWICE)}`,
        status: 404,
        code: "MANIFEST_UNKNOWN",
      },
      { method: "HEAD", path: `${manifests}/goes`, status: 404 },
    ],
  },
  ...["nothing", ABSENT].map(
    (reference): Case => ({
      endpoint: "end-9",
      title: `of what is not there: ${reference.slice(0, 10)}`,
      ...(reference === "nothing" ? { onlyHere: "it knows no deletion of tags" } : {}),
      exchanges: [
        {
          method: "DELETE",
          path: `${manifests}/${reference}`,
          status: 404,
          code: "MANIFEST_UNKNOWN",
        },
      ],
    }),
  ),
  {
    endpoint: "end-9",
    title: "of a digest that is none",
    onlyHere: "its router gives 404",
    exchanges: [
      { method: "DELETE", path: `${manifests}/sha256:x`, status: 400, code: "DIGEST_INVALID" },
    ],
  },
];
