import type { Platform } from "../../spec/index.ts";
import { platformString } from "../../spec/index.ts";
import type { Predicate } from "./attestation.ts";

/** Something that a build was made from. */
export interface Material {
  /** `pkg:docker/…`, or an address. */
  readonly uri: string;
  /** `sha256` → hex. */
  readonly digest: Readonly<Record<string, string>>;
}

export interface BuildFacts {
  readonly mode: "min" | "max";
  readonly version: "v0.2" | "v1";
  /** Empty: nobody vouches for the builder. */
  readonly builderId: string;
  readonly buildId: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly platform: Platform;
  readonly target: string | undefined;
  readonly dockerfile: { readonly name: string; readonly text: string };
  /** A git repository or an address; absent where the client has sent files. */
  readonly source: string | undefined;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  /** Ids alone. */
  readonly secrets: readonly string[];
  readonly agents: readonly string[];
  readonly materials: readonly Material[];
  /** What was done, in order. */
  readonly steps: readonly string[];
}

const BUILD_TYPE = {
  "v0.2": "https://mobyproject.org/buildkit@v1",
  v1: "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
} as const;
const METADATA = "https://mobyproject.org/buildkit@v1#metadata";

/**
 * How an image was made, as SLSA describes it (slsa.dev/provenance, v0.2 and v1) and BuildKit fills it in.
 * Values of build arguments and labels, the steps and the Dockerfile stand in `max` alone: whoever can read
 * the image can read them.
 */
export function provenance(facts: BuildFacts): Predicate {
  return facts.version === "v1" ? provenanceV1(facts) : provenanceV02(facts);
}

function provenanceV02(facts: BuildFacts): Predicate {
  const { mode, materials, platform, startedAt, finishedAt, buildId } = facts;
  const predicate = {
    builder: { id: facts.builderId },
    buildType: BUILD_TYPE["v0.2"],
    materials,
    invocation: {
      configSource: configSource(facts),
      parameters: parameters(facts),
      environment: { platform: platformString(platform) },
    },
    ...(mode === "max" ? { buildConfig: buildConfig(facts) } : {}),
    metadata: {
      buildInvocationID: buildId,
      buildStartedOn: startedAt,
      buildFinishedOn: finishedAt,
      completeness: { parameters: mode === "max", environment: true, materials: false },
      reproducible: false,
      ...(mode === "max" ? { [METADATA]: sourceMetadata(facts) } : {}),
    },
  };
  return { type: "https://slsa.dev/provenance/v0.2", predicate };
}

function provenanceV1(facts: BuildFacts): Predicate {
  const { mode, materials, platform, startedAt, finishedAt, buildId } = facts;
  const { entryPoint, ...source } = configSource(facts);
  const predicate = {
    buildDefinition: {
      buildType: BUILD_TYPE.v1,
      externalParameters: {
        configSource: { ...source, path: entryPoint },
        request: parameters(facts),
      },
      internalParameters: {
        builderPlatform: platformString(platform),
        ...(mode === "max" ? { buildConfig: buildConfig(facts) } : {}),
      },
      resolvedDependencies: materials,
    },
    runDetails: {
      builder: { id: facts.builderId },
      metadata: {
        invocationID: buildId,
        startedOn: startedAt,
        finishedOn: finishedAt,
        buildkit_completeness: { request: mode === "max", resolvedDependencies: false },
        buildkit_reproducible: false,
        ...(mode === "max" ? { buildkit_metadata: sourceMetadata(facts) } : {}),
      },
    },
  };
  return { type: "https://slsa.dev/provenance/v1", predicate };
}

const configSource = ({ source, dockerfile }: BuildFacts) => ({
  ...(source === undefined ? {} : { uri: source }),
  entryPoint: dockerfile.name,
});

function parameters(facts: BuildFacts) {
  const { mode, target, buildArgs, labels, secrets, agents, source } = facts;
  const args: Record<string, string> = {};
  if (target !== undefined) args["target"] = target;
  if (mode === "max") {
    for (const [name, value] of buildArgs) args[`build-arg:${name}`] = value;
    for (const [name, value] of Object.entries(labels)) args[`label:${name}`] = value;
  }
  const local = source === undefined ? [{ name: "context" }, { name: "dockerfile" }] : [];
  const named = (ids: readonly string[]) => ids.map((id) => ({ id, optional: true }));
  return {
    frontend: "dockerfile.v0",
    args,
    ...(local.length === 0 ? {} : { locals: local }),
    ...(mode === "max" && secrets.length > 0 ? { secrets: named(secrets) } : {}),
    ...(mode === "max" && agents.length > 0 ? { ssh: named(agents) } : {}),
  };
}

const buildConfig = ({ steps }: BuildFacts) => ({
  steps: steps.map((command, index) => ({ id: `step${index}`, command })),
});

const sourceMetadata = ({ dockerfile }: BuildFacts) => ({
  source: {
    infos: [
      {
        filename: dockerfile.name,
        language: "Dockerfile",
        data: Buffer.from(dockerfile.text).toString("base64"),
      },
    ],
  },
});
