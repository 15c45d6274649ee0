import {
  EngineError,
  filterFlag,
  type ImageSearchOptions,
  type ImageSearchResult,
  invalidArgument,
} from "../../spec/index.ts";
import type { ImageContext } from "./image-context.ts";

const DEFAULT_LIMIT = 25;
const MOST = 100;
const ANSWER_LIMIT = 16 << 20;

/** Asks Docker Hub, or the registry that the term begins with, by the search of registries of version 1. */
export async function searchImages(
  context: ImageContext,
  options: ImageSearchOptions,
): Promise<ImageSearchResult[]> {
  const limit = options.limit ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > MOST) {
    throw invalidArgument(`limit ${limit} is outside the range of [1, ${MOST}]`);
  }
  const url = searchUrl(options.term, limit);
  const response = await context.transport.send({ method: "GET", url });
  const body = Buffer.from(await response.bytes(ANSWER_LIMIT)).toString();
  if (response.status !== 200) {
    throw new EngineError("unavailable", `Unexpected status code ${response.status}`);
  }
  return readResults(body).filter((result) => matches(result, options));
}

function searchUrl(term: string, limit: number): string {
  const slash = term.indexOf("/");
  const first = term.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === "localhost";
  const host = isHost && first !== "docker.io" ? first : "index.docker.io";
  const words = isHost ? term.slice(slash + 1) : term;
  const query = new URLSearchParams({ q: words.replace(/^library\//, ""), n: String(limit) });
  return `https://${host}/v1/search?${query}`;
}

function readResults(body: string): ImageSearchResult[] {
  let results: unknown;
  try {
    results = (JSON.parse(body) as { results?: unknown }).results;
  } catch (cause) {
    throw new EngineError("unavailable", "error decoding registry search results", { cause });
  }
  return (Array.isArray(results) ? results : []).map((entry: Partial<ImageSearchResult>) => ({
    name: String(entry.name ?? ""),
    description: String(entry.description ?? ""),
    star_count: Number(entry.star_count ?? 0),
    is_official: entry.is_official === true,
    is_automated: false,
  }));
}

function matches(result: ImageSearchResult, { filters }: ImageSearchOptions): boolean {
  const stars = (filters["stars"] ?? []).map((text) => {
    if (!/^\d+$/.test(text)) throw invalidArgument(`invalid filter 'stars=${text}'`);
    return Number(text);
  });
  const official = filters["is-official"];
  if (official && filterFlag(filters, "is-official", false) !== result.is_official) return false;
  // Docker Hub no longer builds images, so none is automated.
  if (filters["is-automated"] && filterFlag(filters, "is-automated", false)) return false;
  return stars.every((least) => result.star_count >= least);
}
