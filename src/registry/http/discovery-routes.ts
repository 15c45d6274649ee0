import { MediaType } from "../../spec/index.ts";
import { requireDigest } from "../names.ts";
import { RegistryFault } from "../registry-fault.ts";
import type { RegistryServices } from "../registry-services.ts";
import { type Answer, type AnswerHeaders, jsonAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { pageOf } from "./page.ts";

/** Docker's default; more are asked for page by page. */
const CATALOG_PAGE = 100;
const REFERRERS_PAGE = 1000;

export async function listTags(services: RegistryServices, call: Call): Promise<Answer> {
  const { source, name } = services.sourceOf(call);
  const tags = await source.tags(name);
  if (tags === undefined) {
    throw new RegistryFault("NAME_UNKNOWN", "repository name not known to registry", {
      detail: { name: call.name },
    });
  }
  const page = pageOf(tags, call.url, (tag) => tag);
  return jsonAnswer({ name: call.name, tags: page.items }, linkTo(page.link));
}

/** Docker's registry API, "Listing repositories": those that the asker may see. */
export async function listRepositories(services: RegistryServices, call: Call): Promise<Answer> {
  const all = await services.repositories.names();
  const visible = all.filter((name) => call.identity.sees?.(name) === true);
  const most = call.url.searchParams.has("n") ? Number.POSITIVE_INFINITY : CATALOG_PAGE;
  const page = pageOf(visible, call.url, (name) => name, most);
  return jsonAnswer({ repositories: page.items }, linkTo(page.link));
}

/** OCI distribution-spec, "Listing Referrers". Nobody refers to what is unknown: an empty list. */
export async function listReferrers(services: RegistryServices, call: Call): Promise<Answer> {
  const subject = requireDigest(call.reference);
  const { source, name } = services.sourceOf(call);
  const all = await source.referrers(name, subject);
  // Many clients send the `+` of a media type as it is, and a query makes a space of it.
  const wanted = call.url.searchParams
    .getAll("artifactType")
    .map((type) => type.replaceAll(" ", "+"));
  const matching =
    wanted.length === 0
      ? all
      : all.filter(({ artifactType }) => wanted.includes(artifactType ?? ""));
  const page = pageOf(matching, call.url, ({ digest }) => digest, REFERRERS_PAGE);
  const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: page.items };
  return jsonAnswer(index, {
    "Content-Type": MediaType.ociIndex,
    ...linkTo(page.link),
    ...(wanted.length > 0 ? { "OCI-Filters-Applied": "artifactType" } : {}),
  });
}

function linkTo(link: string | undefined): AnswerHeaders {
  return link === undefined ? {} : { Link: link };
}
