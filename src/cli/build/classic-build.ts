import type { EngineClient } from "../../client/index.ts";
import type { BuildContextEntry, BuildRequest, ClassicBuildOptions } from "../../spec/index.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { showProgress } from "../progress/show-progress.ts";
import type { RequestOptions } from "./build-request.ts";
import type { LocatedContext } from "./context/locate-context.ts";
import { walkContext } from "./context/walk-context.ts";

/** A Dockerfile that is not in the context goes with it under a name that nobody has. */
const OWN_DOCKERFILE = ".berth-build.Dockerfile";

/** What only Berth's daemon understands, by the flag that asks for it. */
const BERTH_ONLY: readonly [keyof BuildRequest, string][] = [
  ["secrets", "--secret"],
  ["ssh", "--ssh"],
  ["noCacheFilter", "--no-cache-filter"],
  ["cacheTo", "--cache-to"],
  ["outputs", "--output"],
  ["annotations", "--annotation"],
  ["attestations", "--attest"],
  ["allow", "--allow"],
];

export interface ClassicHow {
  readonly quiet: boolean;
  readonly namedContexts: number;
  readonly cacheFrom: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * A build by Docker's classic protocol, for an engine that does not know Berth's.
 *
 * @returns the image's id, where the engine says it
 */
export async function classicBuild(
  client: EngineClient,
  context: CommandContext,
  located: LocatedContext,
  request: RequestOptions,
  how: ClassicHow,
): Promise<string | undefined> {
  refuse(request, how.namedContexts);
  const body = await contextBody(context, located);
  const options = { ...classicOptions(located, request), cacheFrom: how.cacheFrom };
  const messages = await client.builds.classic(options, body, how.signal);
  let id: string | undefined;
  const onAux = (value: unknown): void => {
    const found = (value as { ID?: unknown } | null)?.ID;
    if (typeof found === "string") id = found;
  };
  if (!how.quiet) {
    await showProgress(context, context.stderr, messages, onAux);
    return id;
  }
  for await (const { aux } of messages) onAux(aux);
  return id;
}

function refuse(request: RequestOptions, namedContexts: number): void {
  const asked = BERTH_ONLY.flatMap(([field, flag]) => {
    const value = request[field as keyof RequestOptions];
    const isEmpty =
      value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
    return isEmpty ? [] : flag;
  });
  if (namedContexts > 0) asked.push("--build-context");
  if ((request.platforms?.length ?? 0) > 1) asked.push("several platforms");
  if (asked.length === 0) return;
  throw new CliError(
    `this engine has Docker's classic builder alone, which knows no ${asked.join(", ")}`,
  );
}

async function contextBody(
  context: CommandContext,
  located: LocatedContext,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (located.kind === "tar") return located.body;
  if (located.kind !== "directory" && located.kind !== "empty") return undefined;
  const texts = located.dockerfile === undefined ? {} : { [OWN_DOCKERFILE]: located.dockerfile };
  const trees = await context.trees();
  if (located.kind === "empty") return trees.packEntries("/", [], texts);
  return trees.packEntries(located.root, entriesOf(located), texts);
}

function* entriesOf(
  located: Extract<LocatedContext, { kind: "directory" }>,
): Generator<BuildContextEntry> {
  for (const { entry } of walkContext(located.root, located.ignore)) yield entry;
}

function classicOptions(located: LocatedContext, request: RequestOptions): ClassicBuildOptions {
  const { auth = {}, platforms = [], network, ...rest } = request;
  const [platform] = platforms;
  const isSent = located.kind === "directory" || located.kind === "empty";
  return {
    ...rest,
    tags: request.tags ?? [],
    dockerfile: isSent ? OWN_DOCKERFILE : (located.dockerfilePath ?? ""),
    quiet: false,
    noCache: request.noCache === true,
    pull: request.pull === true,
    buildArgs: request.buildArgs ?? {},
    labels: request.labels ?? {},
    extraHosts: request.extraHosts ?? [],
    cacheFrom: [],
    outputs: [],
    ulimits: request.ulimits ?? [],
    auth,
    ...(platform === undefined ? {} : { platform }),
    ...(network === undefined ? {} : { networkMode: network }),
    ...(located.kind === "git" || located.kind === "url" ? { remote: located.url } : {}),
  };
}
