import { anything, flag, integer, list, text } from "../decode.ts";
import { containerConfig } from "../routers/containers/bodies.ts";
import {
  distributionInspect,
  idAnswer,
  imageDeleted,
  imageHistoryItem,
  imageInspect,
  imageSearchResult,
  imageSummary,
  imagesPruned,
  progressLine,
} from "../routers/images/answers.ts";
import { buildPruned } from "../routers/system/answers.ts";
import type { Operations } from "./operation.ts";

const AT = "/images/{name}";
const progress = { lines: progressLine };

export const imageOperations: Operations = {
  "GET /images/json": {
    summary: "List images",
    query: {
      all: flag,
      filters: text,
      "shared-size": flag,
      digests: flag,
      manifests: flag,
      identity: flag,
    },
    answer: list(imageSummary),
  },
  "GET /images/search": {
    summary: "Search the registry",
    query: { term: text, limit: integer, filters: text },
    answer: list(imageSearchResult),
  },
  "GET /images/get": {
    summary: "Export images as a tar",
    query: { names: list(text), platform: list(text) },
    answer: "bytes",
  },
  [`GET ${AT}/get`]: {
    summary: "Export an image as a tar",
    query: { platform: list(text) },
    answer: "bytes",
  },
  [`GET ${AT}/history`]: {
    summary: "History of an image",
    query: { platform: text },
    answer: list(imageHistoryItem),
  },
  [`GET ${AT}/json`]: {
    summary: "Inspect an image",
    query: { manifests: flag, platform: text },
    answer: imageInspect,
  },
  [`GET ${AT}/attestations`]: {
    summary: "Attestations of an image: not kept here",
    query: { platform: list(text), type: list(text), statement: flag },
    answer: list(anything),
  },
  "GET /distribution/{name}/json": {
    summary: "What a registry has under a name",
    answer: distributionInspect,
  },
  "POST /images/create": {
    summary: "Pull or import an image",
    query: {
      fromImage: text,
      fromSrc: text,
      repo: text,
      tag: text,
      message: text,
      changes: list(text),
      platform: text,
    },
    body: "bytes",
    answer: progress,
  },
  "POST /images/load": {
    summary: "Load images from a tar",
    query: { quiet: flag, platform: list(text) },
    body: "bytes",
    answer: progress,
  },
  "POST /images/prune": {
    summary: "Delete unused images",
    query: { filters: text },
    own: { "dry-run": flag },
    answer: imagesPruned,
  },
  [`POST ${AT}/push`]: {
    summary: "Push an image",
    query: { tag: text, platform: text },
    own: { compression: text },
    answer: progress,
  },
  [`POST ${AT}/tag`]: { summary: "Tag an image", query: { repo: text, tag: text }, status: 201 },
  [`DELETE ${AT}`]: {
    summary: "Remove an image",
    query: { force: flag, noprune: flag, platforms: list(text) },
    answer: imageDeleted,
  },
  "POST /commit": {
    summary: "Make an image of a container",
    query: {
      container: text,
      repo: text,
      tag: text,
      comment: text,
      author: text,
      pause: flag,
      changes: list(text),
    },
    body: containerConfig,
    status: 201,
    answer: idAnswer,
  },
  "POST /build": {
    summary: "Build an image, the classic way",
    query: {
      dockerfile: text,
      t: list(text),
      extrahosts: text,
      remote: text,
      q: flag,
      nocache: flag,
      cachefrom: text,
      pull: flag,
      rm: flag,
      forcerm: flag,
      memory: integer,
      memswap: integer,
      cpushares: integer,
      cpusetcpus: text,
      cpuperiod: integer,
      cpuquota: integer,
      buildargs: text,
      shmsize: integer,
      squash: flag,
      labels: text,
      networkmode: text,
      platform: text,
      target: text,
      outputs: text,
      version: text,
    },
    body: "bytes",
    answer: progress,
  },
  "POST /build/prune": {
    summary: "Delete the cache of builds",
    query: {
      "reserved-space": integer,
      "max-used-space": integer,
      "min-free-space": integer,
      all: flag,
      filters: text,
    },
    own: { "keep-storage": integer },
    answer: buildPruned,
  },
};
