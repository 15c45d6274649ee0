import { parseReference } from "../../../spec/reference.ts";
import { parseUlimit } from "../../container-config/ulimit.ts";
import { bool, bytes, custom, int, list, map, string, strings } from "../../flags/flag-kinds.ts";
import {
  type CacheSourceOption,
  type CacheTargetOption,
  parseCacheSource,
  parseCacheTarget,
} from "./cache-option.ts";
import { type NamedContext, parseNamedContext } from "./named-context.ts";
import { type OutputOption, parseOutput } from "./output-option.ts";
import { parseSecret, type SecretOption } from "./secret-option.ts";
import { parseSsh, type SshOption } from "./ssh-option.ts";

/** A flag that may be given again; each adds what `parse` makes of it. */
const listOf = <T>(
  type: string,
  usage: string,
  parse: (text: string) => T,
  options: { short?: string; shown?: string } = {},
) => custom<readonly T[]>(type, usage, [], (text, current) => [...current, parse(text)], options);

const checkTag = (text: string): string => {
  const { digest } = parseReference(text);
  if (digest !== undefined) throw new Error("a tag has no digest");
  return text;
};

/** Flags of Docker's `build` and of buildx's, and Berth's own. */
export const BUILD_FLAGS = {
  "add-host": list('Add a custom host-to-IP mapping ("host:ip")'),
  allow: strings("Allow extra privileged entitlement (e.g., network.host, security.insecure)"),
  annotation: list("Add annotation to the image"),
  attest: list("Attestation parameters (format: type=sbom|provenance,…)"),
  "build-arg": list("Set build-time variables"),
  "build-context": listOf<NamedContext>(
    "list",
    "Additional build contexts (e.g., name=path)",
    parseNamedContext,
  ),
  builder: string("Accepted for buildx's sake: the daemon is the builder", { hidden: true }),
  "cache-from": listOf<CacheSourceOption>(
    "list",
    'External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")',
    parseCacheSource,
  ),
  "cache-to": listOf<CacheTargetOption>(
    "list",
    'Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")',
    parseCacheTarget,
  ),
  call: string(
    'Set method for evaluating build ("check", "outline", "targets"; with ",format=json" for programs)',
    { initial: "build" },
  ),
  "cgroup-parent": string('Set the parent cgroup for the "RUN" instructions during build'),
  check: bool('Shorthand for "--call=check": look for mistakes, build nothing'),
  compress: bool("Accepted: only what the daemon lacks is sent", { hidden: true }),
  "cpu-period": int("Limit the CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": int("Limit the CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-shares": int("CPU shares (relative weight)", { short: "c" }),
  "cpuset-cpus": string("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": string("MEMs in which to allow execution (0-3, 0,1)"),
  "disable-content-trust": bool("Skip image verification", { initial: true, hidden: true }),
  "explain-cache": bool("Say why a step was not cached"),
  file: string('Name of the Dockerfile (default: "PATH/Dockerfile")', { short: "f" }),
  "force-rm": bool("Always remove intermediate containers", { hidden: true }),
  iidfile: string("Write the image ID to a file"),
  isolation: string("Container isolation technology", { hidden: true }),
  label: map("Set metadata for an image"),
  load: bool('Shorthand for "--output=type=docker": keep the image here (the default)'),
  memory: bytes("Memory limit", { short: "m" }),
  "memory-swap": bytes("Swap limit equal to memory plus swap: -1 to enable unlimited swap", {
    unlimited: true,
  }),
  "metadata-file": string("Write build result metadata to a file"),
  network: string('Set the networking mode for the "RUN" instructions during build', {
    initial: "default",
  }),
  "no-cache": bool("Do not use cache when building the image"),
  "no-cache-filter": strings("Do not cache specified stages"),
  "on-error": string('What to do when a step fails ("shell": open one in its tree)'),
  output: listOf<OutputOption>(
    "list",
    'Output destination (format: "type=local,dest=path")',
    parseOutput,
    { short: "o" },
  ),
  platform: strings("Set target platform for build"),
  progress: string('Set type of progress output ("auto", "plain", "tty", "quiet", "rawjson")', {
    initial: "auto",
  }),
  provenance: string('Shorthand for "--attest=type=provenance"'),
  pull: bool("Always attempt to pull all referenced images"),
  push: bool("Push the image when it is built"),
  quiet: bool("Suppress the build output and print image ID on success", { short: "q" }),
  rm: bool("Remove intermediate containers after a successful build", {
    initial: true,
    hidden: true,
  }),
  sbom: string('Shorthand for "--attest=type=sbom"'),
  secret: listOf<SecretOption>(
    "list",
    'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")',
    parseSecret,
  ),
  "security-opt": strings("Security options", { hidden: true }),
  "shm-size": bytes("Shared memory size for build containers"),
  squash: bool("Squash newly built layers into a single new layer", { hidden: true }),
  ssh: listOf<SshOption>(
    "list",
    'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")',
    parseSsh,
  ),
  tag: list('Image identifier (format: "[registry/]repository[:tag]")', {
    short: "t",
    validate: checkTag,
  }),
  target: string("Set the target build stage to build"),
  ulimit: listOf("ulimit", "Ulimit options", parseUlimit, { shown: "[]" }),
} as const;

export type BuildFlags = typeof BUILD_FLAGS;
