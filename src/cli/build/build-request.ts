import type { BuildRequest, RegistryAuth } from "../../spec/index.ts";
import { parseReference } from "../../spec/reference.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import type { ConfigFile } from "../connection/config-file.ts";
import { credentialsFor } from "../connection/registry-credentials.ts";
import { proxyVariables } from "../container-config/proxies.ts";
import type { ParsedFlags } from "../flags/flag.ts";
import { readAttestations } from "./options/attestation-option.ts";
import type { BuildFlags } from "./options/build-flags.ts";
import { type OutputOption, parseOutput } from "./options/output-option.ts";
import { readSecret } from "./options/secret-option.ts";

type Values = ParsedFlags<BuildFlags>["values"];

/** All of a request that does not depend on where the context is. */
export type RequestOptions = Omit<BuildRequest, "context" | "dockerfile" | "dockerfilePath">;

/** `--output`, `--push` and `--load`, in order; none is the image store alone. */
export function outputsOf(values: Values): readonly OutputOption[] {
  const outputs = [...values.output];
  if (
    values.push &&
    !outputs.some(({ output }) => output.type === "image" || output.type === "registry")
  ) {
    outputs.push(parseOutput("type=image,push=true"));
  }
  const stores = ({ output, destination }: OutputOption): boolean =>
    output.type === "image" || (output.type === "docker" && destination === undefined);
  if (outputs.length > 0 && values.load && !outputs.some(stores))
    outputs.push(parseOutput("type=image"));
  return outputs.map((option) => {
    if (!values.push || option.output.type !== "image") return option;
    return { ...option, output: { ...option.output, push: true } };
  });
}

/** What the flags say. Reads secrets, variables of this process and credentials. */
export async function buildRequest(
  values: Values,
  context: CommandContext,
  dockerfile: string | undefined,
): Promise<RequestOptions> {
  refuseUnsupported(values);
  const outputs = outputsOf(values);
  const tags = [...values.tag, ...outputs.flatMap((each) => each.tags)];
  const config = await context.config();
  const { host } = await context.client();
  const buildArgs = readBuildArgs(values, context, proxyVariables(config, host, []));
  const compression = outputs.find((each) => each.compression !== undefined)?.compression;
  const attestations = readAttestations(values.attest, values.provenance, values.sbom);
  const epoch = buildArgs["SOURCE_DATE_EPOCH"];
  const cacheReferences = [
    ...values["cache-from"].flatMap((each) => (each.type === "registry" ? each.reference : [])),
    ...values["cache-to"].flatMap(({ target }) =>
      target.type === "registry" ? target.reference : [],
    ),
  ];
  return {
    buildArgs,
    labels: values.label,
    tags,
    annotations: Object.assign(
      {},
      readPairs(values.annotation),
      ...outputs.map((each) => each.annotations),
    ),
    platforms: values.platform,
    extraHosts: values["add-host"],
    noCache: values["no-cache"],
    noCacheFilter: values["no-cache-filter"],
    pull: values.pull,
    cacheTo: values["cache-to"].map(({ target }) => target),
    secrets: readSecrets(values, context),
    ssh: values.ssh.map(({ id }) => id),
    outputs: outputs.map(({ output, destination }) =>
      output.type === "docker" && destination === undefined ? { type: "image" } : output,
    ),
    allow: values.allow,
    explainCache: values["explain-cache"],
    keepFailed: values["on-error"] === "shell",
    auth: await credentials(config, [...tags, ...cacheReferences, ...imagesIn(dockerfile)]),
    ...limits(values),
    ...given("target", values.target),
    ...given("network", values.network === "default" ? "" : values.network),
    ...compression,
    ...(attestations === undefined ? {} : { attestations }),
    ...(epoch !== undefined && /^\d+$/.test(epoch) ? { sourceDateEpoch: Number(epoch) } : {}),
  };
}

function refuseUnsupported(values: Values): void {
  if (values.squash) {
    throw new CliError(
      '--squash is not supported: a last stage that says "FROM scratch" and "COPY --from" has one layer',
    );
  }
  if (values.isolation !== "" && values.isolation !== "default") {
    throw new CliError(
      `invalid isolation "${values.isolation}": containers of Linux know "default" alone`,
    );
  }
  if (values["on-error"] !== "" && values["on-error"] !== "shell") {
    throw new CliError(`unknown value "${values["on-error"]}" of --on-error: it can be "shell"`);
  }
}

const given = <K extends string>(key: K, value: string): { [key in K]?: string } =>
  value === "" ? {} : ({ [key]: value } as { [key in K]?: string });

const counted = <K extends string>(key: K, value: number): { [key in K]?: number } =>
  value === 0 ? {} : ({ [key]: value } as { [key in K]?: number });

function limits(values: Values): Partial<BuildRequest> {
  return {
    ulimits: values.ulimit.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
    ...counted("shmSize", values["shm-size"]),
    ...counted("memory", values.memory),
    ...counted("memorySwap", values["memory-swap"]),
    ...counted("cpuShares", values["cpu-shares"]),
    ...counted("cpuQuota", values["cpu-quota"]),
    ...counted("cpuPeriod", values["cpu-period"]),
    ...given("cpusetCpus", values["cpuset-cpus"]),
    ...given("cpusetMems", values["cpuset-mems"]),
    ...given("cgroupParent", values["cgroup-parent"]),
  };
}

/** `NAME` alone takes the value of this process's variable, and is nothing where there is none. */
function readBuildArgs(
  values: Values,
  { environment }: CommandContext,
  proxies: readonly string[],
): Record<string, string> {
  const epoch = environment["SOURCE_DATE_EPOCH"];
  const found: Record<string, string> =
    epoch === undefined || epoch === "" ? {} : { SOURCE_DATE_EPOCH: epoch };
  for (const text of [...proxies, ...values["build-arg"]]) {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    if (name === "")
      throw new CliError(`invalid build argument "${text}": it must be NAME[=VALUE]`);
    const value = at < 0 ? environment[name] : text.slice(at + 1);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function readPairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at <= 0) throw new CliError(`invalid annotation "${text}", must be in key=value format`);
      return [text.slice(0, at).replace(/^[a-z,-]+(?:\[[^\]]*\])?:/, ""), text.slice(at + 1)];
    }),
  );
}

function readSecrets(values: Values, { environment }: CommandContext): Record<string, string> {
  return Object.fromEntries(
    values.secret.map((option) => [option.id, readSecret(option, environment)] as const),
  );
}

/** Names behind `FROM` and `--from=`; one too many costs a look into the configuration. */
function imagesIn(dockerfile: string | undefined): string[] {
  const found = dockerfile?.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)|[-,]from=([^\s,]+)/gim) ?? [];
  return [...found].flatMap((match) => match[1] ?? match[2] ?? []);
}

/** By registry host: of all images that are named, and of all that `config.json` holds itself. */
async function credentials(
  config: ConfigFile,
  images: readonly string[],
): Promise<Record<string, RegistryAuth>> {
  const hosts = new Map<string, string>();
  for (const image of images) {
    try {
      hosts.set(parseReference(image).domain, image);
    } catch {
      // A stage, or a name with variables: no registry.
    }
  }
  for (const server of Object.keys(config.auths ?? {})) {
    const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
    const domain = host === "index.docker.io" ? "docker.io" : host;
    if (!hosts.has(domain)) hosts.set(domain, `${domain}/any`);
  }
  const found: Record<string, RegistryAuth> = {};
  for (const [domain, image] of hosts) {
    const auth = await credentialsFor(config, image);
    if (auth !== undefined) found[domain] = auth;
  }
  return found;
}
