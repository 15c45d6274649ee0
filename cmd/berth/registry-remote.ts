import { homedir } from "node:os";
import { join } from "node:path";
import { readConfigFile } from "../../src/cli/connection/config-file.ts";
import { credentialsFor } from "../../src/cli/connection/registry-credentials.ts";
import { defaultRegistryConfig, RemoteRepository } from "../../src/distribution/index.ts";
import {
  copyImage,
  inspectImage,
  listRepositories,
  removeReference,
} from "../../src/registry/index.ts";
import {
  invalidArgument,
  parseReference,
  type Reference,
  referenceString,
} from "../../src/spec/index.ts";
import { readFlags } from "./read-flags.ts";

const remoteFlags = { "insecure-registry": { type: "string", multiple: true } } as const;
const INSECURE_HELP =
  "      --insecure-registry list   Registries with plain HTTP or certificates of nobody\n";

const LIST_USAGE = `Usage:  berth registry ls [OPTIONS] REGISTRY[/REPOSITORY]

List a registry's repositories or a repository's tags

Options:
${INSECURE_HELP}`;

export async function list(words: readonly string[]): Promise<void> {
  const { values, positionals } = readFlags(words, LIST_USAGE, remoteFlags);
  const [place] = exactly(positionals, 1, LIST_USAGE);
  const whole = !(place ?? "").replace(/\/$/, "").includes("/");
  // Any path leads to the registry itself.
  const reference = parseReference(
    whole ? `${(place ?? "").replace(/\/$/, "")}/all` : (place ?? ""),
  );
  const repository = await remoteRepository(reference, values["insecure-registry"]);
  const lines = whole ? await listRepositories(repository) : await repository.tags();
  finish(lines.map((line) => `${line}\n`).join(""));
}

const INSPECT_USAGE = `Usage:  berth registry inspect [OPTIONS] IMAGE

Show what a registry has under a tag or digest

Options:
${INSECURE_HELP}`;

export async function inspect(words: readonly string[]): Promise<void> {
  const { values, positionals } = readFlags(words, INSPECT_USAGE, remoteFlags);
  const [name] = exactly(positionals, 1, INSPECT_USAGE);
  const reference = parseReference(name ?? "");
  const repository = await remoteRepository(reference, values["insecure-registry"]);
  const image = await inspectImage(repository, tagOrDigest(reference));
  finish(`${JSON.stringify(image, null, 4)}\n`);
}

const REMOVE_USAGE = `Usage:  berth registry rm [OPTIONS] IMAGE [IMAGE...]

Remove tags or, by digest, manifests

Options:
${INSECURE_HELP}`;

export async function remove(words: readonly string[]): Promise<void> {
  const { values, positionals } = readFlags(words, REMOVE_USAGE, remoteFlags);
  if (positionals.length === 0) throw misused(REMOVE_USAGE, "requires at least 1 argument");
  for (const name of positionals) {
    const reference = parseReference(name);
    if (reference.tag === undefined && reference.digest === undefined) {
      throw invalidArgument(`Cannot remove "${name}": it has neither tag nor digest`);
    }
    const repository = await remoteRepository(reference, values["insecure-registry"]);
    await removeReference(repository, tagOrDigest(reference));
    process.stdout.write(`${name}\n`);
  }
  finish("");
}

const COPY_USAGE = `Usage:  berth registry copy [OPTIONS] SOURCE TARGET

Copy an image with all its platforms from one registry to another

Options:
${INSECURE_HELP}  -q, --quiet                    Print the digest alone
`;

export async function copy(words: readonly string[]): Promise<void> {
  const flags = { ...remoteFlags, quiet: { type: "boolean", short: "q" } } as const;
  const { values, positionals } = readFlags(words, COPY_USAGE, flags);
  const [from, to] = exactly(positionals, 2, COPY_USAGE).map(parseReference);
  if (from === undefined || to === undefined) throw misused(COPY_USAGE, "requires two images");
  const insecure = values["insecure-registry"];
  const source = {
    repository: await remoteRepository(from, insecure),
    reference: tagOrDigest(from),
  };
  // Without a tag of its own the copy has the source's.
  const reference = to.tag ?? to.digest ?? source.reference;
  const target = { repository: await remoteRepository(to, insecure), reference };
  const digest = await copyImage(source, target, {
    sameRegistry: from.domain === to.domain,
    onBlob: (blob, how) => {
      if (values.quiet !== true) process.stderr.write(`${blob} ${how}\n`);
    },
  });
  finish(`${digest}\n`);
}

function exactly(positionals: readonly string[], count: number, usage: string): readonly string[] {
  if (positionals.length === count) return positionals;
  throw misused(usage, `requires exactly ${count} ${count === 1 ? "argument" : "arguments"}`);
}

/** `usage` begins with `Usage:  berth registry COMMAND`. */
function misused(usage: string, why: string): Error {
  const command = /berth registry \w+/.exec(usage)?.[0] ?? "berth registry";
  return invalidArgument(`"${command}" ${why}\n\n${usage.trimEnd()}`);
}

const tagOrDigest = ({ digest, tag }: Reference): string => digest ?? tag ?? "latest";

/** With the credentials that `docker login` and `berth login` have stored. */
async function remoteRepository(reference: Reference, insecure: readonly string[] = []) {
  const config = { ...defaultRegistryConfig, insecureRegistries: insecure };
  const directory = process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
  const auth = await credentialsFor(await readConfigFile(directory), referenceString(reference));
  return new RemoteRepository(reference, { config, auth });
}

function finish(output: string): never {
  process.stdout.write(output);
  process.exit(0);
}
