import { parseReference, referenceString } from "../../../spec/reference.ts";
import { CliError } from "../../cli-error.ts";
import { between, type CommandContext, defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { fetchManifest, fetchRemote, remoteImage } from "./fetch-manifest.ts";
import { isIndex, listDocument, parseIndex, wholeName } from "./manifest-list.ts";
import { ManifestStore, type StoredManifest } from "./manifest-store.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [MANIFEST_LIST] MANIFEST",
  description: "Display an image manifest, or manifest list",
  args: between(1, 2),
  flags: {
    insecure: bool("Allow communication with an insecure registry"),
    verbose: bool("Output additional info including layers and platform", { short: "v" }),
  },
  run: async ({ values, args, context }) => {
    const names = args.map(wholeName);
    const [list, name] = names.length === 2 ? names : [undefined, names[0]];
    const local = new ManifestStore(context.configDirectory);
    const { verbose } = values;
    if (list !== undefined) {
      const manifest = local.list(list)?.find(({ Ref }) => Ref === name);
      if (manifest === undefined) throw new CliError(`No such manifest: ${name}`);
      show(context, verbose ? manifest : document(manifest), "\t");
      return undefined;
    }
    const made = local.list(name ?? "");
    if (made !== undefined) {
      if (verbose) show(context, made, "\t");
      else show(context, parseIndex(listDocument(made).bytes), 3);
      return undefined;
    }
    await inspectRemote(context, name ?? "", values);
    return undefined;
  },
});

async function inspectRemote(
  context: CommandContext,
  name: string,
  { insecure, verbose }: { insecure: boolean; verbose: boolean },
): Promise<void> {
  const image = await remoteImage(context, name, insecure);
  if (!verbose) {
    const { descriptor, bytes } = await fetchRemote(context, image);
    show(context, JSON.parse(Buffer.from(bytes).toString()), isIndex(descriptor) ? 3 : "\t");
    return;
  }
  const { descriptor, bytes } = await fetchRemote(context, image);
  if (!isIndex(descriptor)) return show(context, await fetchManifest(context, image), "\t");
  const entries: StoredManifest[] = [];
  for (const entry of parseIndex(bytes).manifests) {
    const { domain, path } = parseReference(name);
    const one = { ...image, reference: referenceString({ domain, path, digest: entry.digest }) };
    const manifest = await fetchManifest(context, one, entry.platform);
    entries.push({ ...manifest, Ref: `${name}@${entry.digest}` });
  }
  show(context, entries, "\t");
}

const document = ({ Raw }: StoredManifest): unknown =>
  JSON.parse(Buffer.from(Raw, "base64").toString());

function show({ stdout }: CommandContext, value: unknown, indent: number | string): void {
  stdout.line(JSON.stringify(value, null, indent));
}
