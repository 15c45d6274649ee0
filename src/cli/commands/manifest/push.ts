import { parseReference, referenceString } from "../../../spec/reference.ts";
import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand, exactly } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import type { RemoteImage } from "../../registry-access.ts";
import { remoteImage } from "./fetch-manifest.ts";
import { listDocument, wholeName } from "./manifest-list.ts";
import { ManifestStore, type StoredManifest } from "./manifest-store.ts";

export const command = defineCommand({
  usage: "[OPTIONS] MANIFEST_LIST",
  description: "Push a manifest list to a repository",
  args: exactly(1),
  flags: {
    insecure: bool("Allow push to an insecure registry"),
    purge: bool("Remove the local manifest list after push", { short: "p" }),
  },
  run: async ({ values, args, context }) => {
    const list = wholeName(args[0] ?? "");
    const store = new ManifestStore(context.configDirectory);
    const manifests = store.list(list);
    if (manifests === undefined) throw new CliError(`No such manifest: ${list}`);
    const target = await remoteImage(context, list, values.insecure);
    for (const manifest of manifests) await bring(context, manifest, target);
    const registry = await context.registry();
    context.stdout.line(await registry.put(target, listDocument(manifests)));
    if (values.purge) store.remove(list);
    return undefined;
  },
});

/** A list names manifests of its own repository: those of another one are mounted into it. */
async function bring(
  context: CommandContext,
  manifest: StoredManifest,
  target: RemoteImage,
): Promise<void> {
  const from = parseReference(manifest.Ref);
  const to = parseReference(target.reference);
  if (from.domain !== to.domain) {
    throw new CliError(
      `cannot use source images from a different registry than the target image: ${from.domain} != ${to.domain}`,
    );
  }
  const content = manifest.SchemaV2Manifest ?? manifest.OCIManifest;
  if (from.path === to.path || content === undefined) return;
  const registry = await context.registry();
  const { domain, path } = to;
  const { digest, mediaType } = manifest.Descriptor;
  for (const blob of [content.config, ...content.layers]) {
    await registry.mount(target, blob, from.path);
  }
  const reference = referenceString({ domain, path, digest });
  const bytes = Buffer.from(manifest.Raw, "base64");
  await registry.put({ ...target, reference }, { bytes, mediaType });
}
