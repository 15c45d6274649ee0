import {
  type Descriptor,
  type Digest,
  type Manifest,
  MediaType,
  sha256,
  splitDigest,
} from "../../spec/index.ts";
import type { ContentStore } from "../../store/index.ts";

/** What is said of an image, and in which terms. */
export interface Predicate {
  /** `https://spdx.dev/Document`. */
  readonly type: string;
  readonly predicate: unknown;
}

export interface Attestation {
  /** As an index names it. */
  readonly descriptor: Descriptor;
  /** All that belongs to it, the manifest included. */
  readonly blobs: readonly Digest[];
}

const STATEMENT = "application/vnd.in-toto+json";

/**
 * Puts what is said of an image into the content store, in the form that BuildKit gives it: a manifest whose
 * layers are in-toto statements, and which an index lists beside the image (image-spec `index`, BuildKit's
 * "attestation storage"). Held by `held`.
 *
 * `names`: package URLs of the image.
 */
export async function putAttestation(
  content: ContentStore,
  image: Descriptor,
  names: readonly string[],
  predicates: readonly Predicate[],
  held: DisposableStack,
): Promise<Attestation> {
  const blobs: Digest[] = [];
  const put = async (value: unknown, mediaType: string): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(value));
    held.use(content.hold(sha256(bytes)));
    const { digest, size } = await content.put(bytes);
    blobs.push(digest);
    return { mediaType, digest, size };
  };
  const [algorithm, hex] = splitDigest(image.digest);
  const subject = (names.length === 0 ? ["_"] : names).map((name) => ({
    name,
    digest: { [algorithm]: hex },
  }));
  const layers: Descriptor[] = [];
  for (const { type, predicate } of predicates) {
    const statement = {
      _type: "https://in-toto.io/Statement/v0.1",
      predicateType: type,
      subject,
      predicate,
    };
    const descriptor = await put(statement, STATEMENT);
    layers.push({ ...descriptor, annotations: { "in-toto.io/predicate-type": type } });
  }
  const config = await put(
    {
      architecture: "unknown",
      os: "unknown",
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    },
    MediaType.ociConfig,
  );
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config,
    layers,
  };
  const descriptor = {
    ...(await put(manifest, MediaType.ociManifest)),
    annotations: {
      "vnd.docker.reference.digest": image.digest,
      "vnd.docker.reference.type": "attestation-manifest",
    },
    platform: { architecture: "unknown", os: "unknown" },
  };
  return { descriptor, blobs };
}
