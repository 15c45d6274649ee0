import {
  EngineError,
  familiarString,
  type ImageImportOptions,
  invalidArgument,
  parseReference,
} from "../../../spec/index.ts";
import { type ApiAnswer, progress } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Query } from "../../query.ts";
import { decodePlatform, decodeRegistryAuth } from "../../registry-auth.ts";
import type { ImageBackend } from "./backend.ts";

/** `POST /images/create` pulls with `fromImage` and imports with `fromSrc`. */
export function createImage(backend: ImageBackend, request: ApiRequest): ApiAnswer {
  const { query, version } = request;
  const platform = version >= 32 ? decodePlatform(query.text("platform")) : undefined;
  const optional = platform === undefined ? {} : { platform };
  const image = query.text("fromImage");
  if (image !== undefined) {
    const auth = decodeRegistryAuth(request.header("x-registry-auth"));
    const options = {
      reference: pullReference(image, query.text("tag")),
      ...optional,
      ...(auth === undefined ? {} : { auth }),
    };
    return progress(backend.pull(options, request.signal));
  }
  const options = { ...importOptions(query), ...optional };
  return progress(backend.import(options, request.body, request.signal));
}

function pullReference(image: string, tag: string | undefined): string {
  // `pull -a` of old clients leaves a colon behind.
  const reference = parseReference(image.replace(/:$/, ""));
  if (reference.domain === "docker.io" && reference.path === "library/scratch") {
    throw new EngineError("permission-denied", "'scratch' is a reserved name");
  }
  const { domain, path } = reference;
  if (tag === undefined) return familiarString(reference);
  const name = familiarString({ domain, path });
  // The tag may be a digest.
  const joined = tag.includes(":") ? `${name}@${tag}` : `${name}:${tag}`;
  return familiarString(parseReference(joined));
}

function importOptions(query: Query): ImageImportOptions {
  const source = query.text("fromSrc");
  if (source === undefined) {
    throw invalidArgument("either fromImage or fromSrc must be specified");
  }
  const url = source === "-" || source.includes("://") ? source : `http://${source}`;
  const { repo, tag } = repoAndTag(query);
  return {
    source: url,
    message: query.text("message") ?? `Imported from ${source}`,
    changes: query.all("changes"),
    ...(repo === "" ? {} : { reference: `${repo}:${tag ?? "latest"}` }),
  };
}

/** The query's `repo` and `tag`, checked; `repo` may name the tag itself. */
export function repoAndTag(query: Query): { repo: string; tag?: string } {
  const repo = query.text("repo") ?? "";
  if (repo === "") return { repo };
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw invalidArgument("cannot import digest reference");
  const { domain, path } = reference;
  const tag = query.text("tag") ?? reference.tag;
  const name = familiarString({ domain, path });
  if (tag !== undefined) parseReference(`${name}:${tag}`);
  return { repo: name, ...(tag === undefined ? {} : { tag }) };
}
