import {
  type Attestation,
  type BuildFacts,
  type BuildJob,
  imageUrl,
  installedPackages,
  type Predicate,
  provenance,
  putAttestation,
  RootReader,
  spdxDocument,
  withoutUser,
} from "../../build/index.ts";
import { type BuildRequest, parseReference } from "../../spec/index.ts";
import type { ImageRecord, Store } from "../../store/index.ts";
import type { BuiltStage } from "./run-build.ts";

export interface AttestParts {
  readonly job: BuildJob;
  readonly store: Store;
  /** Of the build. */
  readonly id: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly tags: readonly string[];
  /** Holds what is made until the image stands for it. */
  readonly held: DisposableStack;
}

/** What the request wants to be said of one of its images; `undefined` where that is nothing. */
export async function attestImage(
  request: BuildRequest,
  built: BuiltStage,
  { manifest, config }: Pick<ImageRecord, "manifest" | "config">,
  parts: AttestParts,
): Promise<Attestation | undefined> {
  const { sbom, provenance: mode } = request.attestations ?? {};
  const { job, store, tags, held } = parts;
  const predicates: Predicate[] = [];
  if (sbom === true) {
    using root = new RootReader(job.mounted(built.state.tree).root);
    const packages = await installedPackages(root, job.signal);
    const name = tags[0] ?? manifest.digest;
    const created = config.created ?? parts.startedAt;
    predicates.push(spdxDocument({ name, digest: manifest.digest, created }, packages));
  }
  if (mode !== undefined) predicates.push(provenance(factsOf(request, mode, built, parts)));
  if (predicates.length === 0) return undefined;
  const names = tags.map((tag) => imageUrl(parseReference(tag), built.platform));
  return await putAttestation(store.content, manifest, names, predicates, held);
}

function factsOf(
  request: BuildRequest,
  mode: "min" | "max",
  { platform, stages }: BuiltStage,
  { job, id, startedAt }: AttestParts,
): BuildFacts {
  const { provenanceVersion = "v0.2", builderId = "" } = request.attestations ?? {};
  const { context, secrets = {}, ssh = [], labels = {} } = request;
  const { source } = job.options.dockerfile;
  const steps = stages.flatMap(({ history, inheritedHistory }) =>
    history.slice(inheritedHistory).map(({ created_by = "" }) => created_by),
  );
  return {
    mode,
    version: provenanceVersion,
    builderId,
    buildId: id,
    startedAt,
    finishedAt: new Date().toISOString(),
    platform,
    target: request.target,
    dockerfile: { name: source.name, text: source.lines.join("\n") },
    source: "url" in context ? withoutUser(context.url) : undefined,
    buildArgs: job.options.buildArgs,
    labels,
    secrets: Object.keys(secrets),
    agents: ssh,
    materials: [...job.materials.values()],
    steps: [...new Set(steps)],
  };
}
