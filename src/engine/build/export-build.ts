import { packTree } from "../../archive/index.ts";
import { type Attestation, type BuildJob, type EventSink, makeImage } from "../../build/index.ts";
import {
  type BuildOutput,
  type BuildRequest,
  type BuiltImage,
  type Descriptor,
  type Digest,
  EngineError,
  familiarString,
  type Index,
  invalidArgument,
  MediaType,
  parseReference,
  platformString,
  sha256,
  withDefaultTag,
} from "../../spec/index.ts";
import type { ImageRecord, Store } from "../../store/index.ts";
import { attestImage } from "./attest-image.ts";
import type { BuildContext } from "./build-context.ts";
import type { BuildOutcome, BuildSession } from "./build-session.ts";
import { isTrue } from "./builder-arguments.ts";
import { inlineCache } from "./cache-export.ts";
import { layerForm } from "./layer-form.ts";
import { lendTag } from "./lend-tag.ts";
import type { BuiltStage } from "./run-build.ts";
import { writeCache } from "./write-cache.ts";

export interface ExportParts {
  readonly session: BuildSession;
  readonly job: BuildJob;
  readonly built: readonly BuiltStage[];
  readonly sink: EventSink;
  readonly signal: AbortSignal;
}

interface Exported {
  readonly records: readonly ImageRecord[];
  readonly index: Descriptor | undefined;
}

/** Makes what was asked for of a finished build, and tells of it with the `result` event. */
export async function exportBuild(
  context: BuildContext,
  request: BuildRequest,
  parts: ExportParts,
): Promise<BuildOutcome> {
  const asked = request.outputs ?? [];
  const outputs: readonly BuildOutput[] = asked.length === 0 ? [{ type: "image" }] : asked;
  const exporter = new Exporter(context, request, parts);
  for (const [index, output] of outputs.entries()) await exporter.write(output, index);
  for (const [index, target] of (request.cacheTo ?? []).entries()) {
    if (target.type === "inline") continue;
    await writeCache(context, request, parts, target, outputs.length + index);
  }
  return await exporter.finish();
}

class Exporter {
  readonly #context: BuildContext;
  readonly #request: BuildRequest;
  readonly #parts: ExportParts;
  readonly #tags: readonly string[];
  #exported: Promise<Exported> | undefined;

  constructor(context: BuildContext, request: BuildRequest, parts: ExportParts) {
    this.#context = context;
    this.#request = request;
    this.#parts = parts;
    this.#tags = (request.tags ?? []).map((tag) =>
      familiarString(withDefaultTag(parseReference(tag))),
    );
  }

  async write(output: BuildOutput, index: number): Promise<void> {
    const { progress } = this.#parts.job;
    switch (output.type) {
      case "image":
        await progress.during("exporting to image", async () => {
          await this.#tag(await this.#images());
        });
        if (output.push === true) await this.#push();
        break;
      case "registry":
        await this.#withTags(this.#tags, () => this.#push());
        break;
      case "local":
      case "tar":
        await progress.during("sending the tree", () => this.#tree(index));
        break;
      case "oci":
      case "docker":
        await progress.during("sending the archive", () => this.#archive(output.name, index));
        break;
      case "cacheonly":
        break;
    }
  }

  async finish(): Promise<BuildOutcome> {
    const exported = await this.#exported;
    const records = exported?.records ?? [];
    const images = records.map(toBuilt);
    void this.#parts.sink({
      type: "result",
      at: new Date().toISOString(),
      images,
      ...(exported?.index === undefined ? {} : { index: exported.index }),
      tags: this.#tags,
      metadata: this.#metadata(exported),
    });
    return { images: records.map(({ id }) => id) };
  }

  #metadata(exported: Exported | undefined): Record<string, unknown> {
    const [first] = exported?.records ?? [];
    const { id } = this.#parts.session;
    if (first === undefined) return { "buildx.build.ref": id };
    const descriptor = exported?.index ?? first.manifest;
    return {
      "buildx.build.ref": id,
      "containerimage.config.digest": first.id,
      "containerimage.descriptor": descriptor,
      "containerimage.digest": descriptor.digest,
      ...(this.#tags.length === 0 ? {} : { "image.name": this.#tags.join(",") }),
    };
  }

  /** Made once, however many outputs want them. */
  #images(): Promise<Exported> {
    this.#exported ??= this.#make();
    return this.#exported;
  }

  async #make(): Promise<Exported> {
    const { store } = this.#context.services.environment;
    using held = new DisposableStack();
    const records: ImageRecord[] = [];
    const attestations: Attestation[] = [];
    for (const built of this.#parts.built) {
      const { record } = await makeImage(store, built.state, this.#options(built.state));
      records.push(record);
      const attestation = await this.#attest(built, record, held);
      if (attestation !== undefined) attestations.push(attestation);
    }
    const single = records.length < 2 && attestations.length === 0;
    if (single && !this.#says("BUILDKIT_MULTI_PLATFORM")) return { records, index: undefined };
    const index = await putIndex(store, records, attestations, held);
    // Each platform's image keeps what the index names: any of them may come to have the name.
    const named = [...records.flatMap(blobsOf), ...attestations.flatMap(({ blobs }) => blobs)];
    const whole = records.map((record) => {
      const own = new Set(blobsOf(record));
      const attached = [...new Set(named)].filter((digest) => !own.has(digest));
      return store.images.put({ ...record, index, attached });
    });
    return { records: whole, index };
  }

  #says(argument: string): boolean {
    return isTrue(this.#request.buildArgs?.[argument]);
  }

  async #attest(
    built: BuiltStage,
    record: ImageRecord,
    held: DisposableStack,
  ): Promise<Attestation | undefined> {
    const { attestations } = this.#request;
    if (attestations?.provenance === undefined && attestations?.sbom !== true) return undefined;
    const { job, session } = this.#parts;
    const { store } = this.#context.services.environment;
    return await job.progress.during("making attestations", () =>
      attestImage(this.#request, built, record, {
        job,
        store,
        id: session.id,
        startedAt: session.startedAt,
        tags: this.#tags,
        held,
      }),
    );
  }

  #options(state: BuiltStage["state"]) {
    const { labels = {}, annotations = {}, sourceDateEpoch, cacheTo = [] } = this.#request;
    const inline =
      cacheTo.some(({ type }) => type === "inline") || this.#says("BUILDKIT_INLINE_CACHE");
    const compress = layerForm(this.#context.services.environment.store, this.#request);
    return {
      labels,
      annotations,
      ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
      ...(inline ? { extra: inlineCache(this.#context.services.environment.store, state) } : {}),
      ...(compress === undefined ? {} : { compress }),
      signal: this.#parts.signal,
    };
  }

  /** The name stands for this machine's platform, and for all of them where there is an index. */
  async #tag({ records }: Exported): Promise<void> {
    const { images } = this.#context.services.environment;
    const own = this.#own(records);
    if (own === undefined) return;
    for (const tag of this.#tags) images.tag(own.id, tag);
  }

  async #push(): Promise<void> {
    if (this.#tags.length === 0) {
      throw invalidArgument("Cannot push the image: give it a name with --tag");
    }
    const { images } = this.#context.services.environment;
    const { job, signal } = this.#parts;
    for (const tag of this.#tags) {
      await job.progress.during(`pushing ${tag}`, (vertex) =>
        images.push(tag, this.#request.auth ?? {}, (news) => vertex.progress(news), signal),
      );
    }
  }

  /** Names that only this export needs are taken away again. */
  async #withTags(names: readonly string[], use: () => Promise<void>): Promise<void> {
    const { records } = await this.#images();
    const own = this.#own(records);
    const [name, ...rest] = names;
    if (name === undefined || own === undefined) return await use();
    await lendTag(this.#context.services.environment.store, name, own, () =>
      this.#withTags(rest, use),
    );
  }

  /** Of this machine's platform, where there are several. */
  #own(records: readonly ImageRecord[]): ImageRecord | undefined {
    const { host } = this.#context.services.environment;
    return records.find(({ config }) => config.architecture === host.architecture) ?? records[0];
  }

  async #tree(index: number): Promise<void> {
    const { built, session, job, sink, signal } = this.#parts;
    const [first] = built;
    if (first === undefined || built.length > 1) {
      throw invalidArgument("Cannot send the trees of several platforms at once: choose one");
    }
    const path = job.mounted(first.state.tree).root;
    const { sourceDateEpoch } = this.#request;
    const options = {
      signal,
      ...(sourceDateEpoch === undefined ? {} : { notAfter: sourceDateEpoch }),
    };
    await session.offer(index, packTree(path, options), signal, () =>
      sink({ type: "output", index, what: "tree" }),
    );
  }

  async #archive(name: string | undefined, index: number): Promise<void> {
    const { session, sink, signal } = this.#parts;
    const { images } = this.#context.services.environment;
    const { records } = await this.#images();
    const names = name === undefined ? this.#tags : name.split(",");
    const send = async (): Promise<void> => {
      const wanted = names.length > 0 ? names : records.map(({ id }) => id as string);
      const bytes = await images.save(wanted, signal);
      await session.offer(index, bytes, signal, () =>
        sink({ type: "output", index, what: "archive" }),
      );
    };
    await this.#withTags(names, send);
  }
}

const blobsOf = ({ id, manifest, layers }: ImageRecord): Digest[] => [
  manifest.digest,
  id as string as Digest,
  ...layers.map(({ blob }) => blob.digest),
];

function toBuilt({ id, config, manifest }: ImageRecord): BuiltImage {
  const { architecture, os, variant } = config;
  const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
  return { platform: platformString(platform), id, manifest };
}

async function putIndex(
  store: Store,
  records: readonly ImageRecord[],
  attestations: readonly Attestation[],
  held: DisposableStack,
): Promise<Descriptor> {
  const index: Index = {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [
      ...records.map(({ manifest, config }) => {
        const { architecture, os, variant } = config;
        const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
        return { ...manifest, platform };
      }),
      ...attestations.map(({ descriptor }) => descriptor),
    ],
  };
  const bytes = Buffer.from(JSON.stringify(index));
  held.use(store.content.hold(sha256(bytes)));
  const { digest, size } = await store.content.put(bytes);
  if (size !== bytes.length) throw new EngineError("internal", "an index of another size");
  return { mediaType: MediaType.ociIndex, digest, size };
}
