import type { RegistryAccess, RemoteImage } from "../../src/cli/index.ts";
import {
  defaultRegistryConfig,
  putManifest,
  RemoteRepository,
  uploadBlob,
  verifyDigest,
} from "../../src/distribution/index.ts";
import { EngineError, parseReference, type Reference, sha256 } from "../../src/spec/index.ts";

/** Registries as the command line gets at them by itself. */
export const registryAccess: RegistryAccess = {
  async manifest(image) {
    const { repository, reference } = open(image);
    const { descriptor, bytes } = await repository.manifest(tagOrDigest(reference));
    return { descriptor, bytes };
  },
  async blob(image, descriptor, limit) {
    if (descriptor.size > limit) {
      throw new EngineError("invalid-argument", `"${descriptor.digest}" is too large`);
    }
    const chunks = await Array.fromAsync(open(image).repository.blob(descriptor));
    const bytes = Buffer.concat(chunks);
    if (!verifyDigest(bytes, descriptor.digest)) {
      throw new EngineError("invalid-argument", `"${descriptor.digest}" is not what it claims`);
    }
    return bytes;
  },
  async put(image, manifest) {
    const { repository, reference } = open(image);
    await putManifest(repository, tagOrDigest(reference), manifest);
    return sha256(manifest.bytes);
  },
  async upload(image, blob, bytes) {
    await uploadBlob(open(image).repository, blob, { open: () => once(bytes) });
  },
  async mount(image, blob, from) {
    const { repository, reference } = open(image);
    const source = open({ ...image, reference: `${reference.domain}/${from}` }).repository;
    await uploadBlob(repository, blob, { open: () => source.blob(blob), mountFrom: [from] });
  },
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

function open({ reference: text, auth, insecure }: RemoteImage) {
  const reference = parseReference(text);
  const insecureRegistries = insecure ? [reference.domain] : [];
  const config = { ...defaultRegistryConfig, insecureRegistries };
  return { reference, repository: new RemoteRepository(reference, { config, auth }) };
}

const tagOrDigest = ({ digest, tag }: Reference): string => digest ?? tag ?? "latest";
