import {
  type BuildOptions,
  type EventSink,
  ManifestTree,
  type NamedContext,
  parseDockerfile,
  readDockerfile,
  type SourceTree,
  withoutIgnored,
} from "../../build/index.ts";
import {
  type BuildContextSource,
  type BuildEvent,
  type BuildRequest,
  invalidArgument,
  parsePlatform,
  parseReference,
} from "../../spec/index.ts";
import type { BuildContext } from "./build-context.ts";
import { limitsOf } from "./build-limits.ts";
import { BuildSession, type SessionPlan } from "./build-session.ts";
import { importedSteps } from "./cache-import.ts";
import { describeBuild } from "./describe-build.ts";
import { EventQueue } from "./event-queue.ts";
import { exportBuild } from "./export-build.ts";
import { lintEvents } from "./lint-events.ts";
import { remoteContext } from "./remote-context.ts";
import { unusedArguments } from "./unused-arguments.ts";

/** As BuildKit allows. Bytes. */
const SECRET_LIMIT = 500 * 1024;

interface Session {
  readonly session: BuildSession;
  readonly held: DisposableStack;
  readonly signal: AbortSignal;
  readonly sink: EventSink;
}

/** A build in Berth's own protocol. What it fails with is its last event. */
export function berthBuild(
  context: BuildContext,
  request: BuildRequest,
  signal: AbortSignal,
): AsyncIterable<BuildEvent> {
  return EventQueue.run<BuildEvent>(async (queue, running) => {
    const session = new BuildSession(context, (event) => queue.push(event));
    using held = new DisposableStack();
    const plan = (sink: EventSink) =>
      planBuild(context, request, { session, held, signal: running, sink });
    try {
      await session.run(plan, running);
    } catch (error) {
      if (!session.failureTold) throw error;
    }
  }, signal);
}

async function planBuild(
  context: BuildContext,
  request: BuildRequest,
  parts: Session,
): Promise<SessionPlan> {
  const { session, signal, sink } = parts;
  for (const tag of request.tags ?? []) {
    if (parseReference(tag).digest !== undefined) {
      throw invalidArgument("refusing to create a tag with a digest reference");
    }
  }
  const file = request.dockerfilePath || "Dockerfile";
  const buildArgs = new Map(Object.entries(request.buildArgs ?? {}));
  const { tree, text } = await openContext(context, request.context, { ...parts, buildArgs });
  const source = request.dockerfile ?? text ?? readDockerfile(tree, file);
  const dockerfile = parseDockerfile(source, file);
  const { host } = context.services.environment;
  const wanted = request.platforms ?? [];
  const platforms = wanted.length === 0 ? [host] : wanted.map((each) => parsePlatform(each, host));
  const lint = lintEvents(context, { dockerfile, request, buildArgs, platforms });
  const { warnings } = lint;
  const described = describeBuild(request, { dockerfile, buildArgs, platforms, host, warnings });
  if (request.call === undefined) for (const event of lint.events) void sink(event);
  if (request.call === undefined && lint.failure !== undefined) throw invalidArgument(lint.failure);
  const unused = unusedArguments(dockerfile, buildArgs);
  if (unused.length > 0 && described === undefined) {
    const message = `One or more build-args [${unused.join(" ")}] were not consumed`;
    void sink({ type: "warning", message });
  }
  // An uploaded context has been filtered by its client.
  const filtered = request.context.kind === "upload" ? tree : withoutIgnored(tree, file);
  return {
    options: {
      ...optionsOf(request),
      dockerfile,
      buildArgs,
      context: filtered,
      contexts: await namedContexts(context, request, parts),
      agent: (id) => agentFor(session, request, id, sink),
      imported: await importedSteps(context, described === undefined ? request : {}, parts),
    },
    platforms,
    tags: request.tags ?? [],
    name: request.tags?.[0] ?? [file, request.target].filter(Boolean).join(" "),
    described,
    finish: (job, built) => exportBuild(context, request, { session, job, built, sink, signal }),
  };
}

type Plain = Omit<
  BuildOptions,
  "dockerfile" | "buildArgs" | "context" | "contexts" | "agent" | "imported"
>;

function optionsOf(request: BuildRequest): Plain {
  return {
    ...(request.target === undefined ? {} : { target: request.target }),
    noCache: request.noCache === true,
    noCacheFilter: new Set((request.noCacheFilter ?? []).map((name) => name.toLowerCase())),
    pull: request.pull === true,
    network: request.network || "default",
    extraHosts: request.extraHosts ?? [],
    limits: limitsOf(request),
    secrets: secretsOf(request),
    allow: allowed(request),
    auth: request.auth ?? {},
    explainCache: request.explainCache === true,
    ...(request.sourceDateEpoch === undefined ? {} : { sourceDateEpoch: request.sourceDateEpoch }),
    countsAll: false,
    keepFailed: request.keepFailed === true,
  };
}

/** Who asks for the host's network for the whole build allows it. */
function allowed({ allow = [], network }: BuildRequest): Set<string> {
  return new Set(network === "host" ? [...allow, "network.host"] : allow);
}

function secretsOf({ secrets = {} }: BuildRequest): Map<string, Uint8Array> {
  return new Map(
    Object.entries(secrets).map(([id, base64]) => {
      const value = Buffer.from(base64, "base64");
      if (value.length > SECRET_LIMIT) {
        throw invalidArgument(`the secret ${id} is larger than 500 KiB`);
      }
      return [id, value];
    }),
  );
}

async function openContext(
  context: BuildContext,
  source: BuildContextSource,
  parts: Pick<Session, "held" | "signal"> & { readonly buildArgs?: ReadonlyMap<string, string> },
): Promise<{ tree: SourceTree; text?: string }> {
  switch (source.kind) {
    case "upload":
      return { tree: context.uploads.use(source.id) };
    case "empty":
      return { tree: new ManifestTree([], (sha256) => context.services.files.path(sha256)) };
    case "git":
    case "url":
      return await remoteContext(context, source.url, parts);
    case "image":
      throw invalidArgument("the build context cannot be an image: name it with --build-context");
  }
}

async function namedContexts(
  context: BuildContext,
  request: BuildRequest,
  parts: Pick<Session, "held" | "signal">,
): Promise<Map<string, NamedContext>> {
  const contexts = new Map<string, NamedContext>();
  for (const [name, source] of Object.entries(request.contexts ?? {})) {
    if (source.kind === "image") contexts.set(name, { kind: "image", reference: source.reference });
    else
      contexts.set(name, { kind: "files", tree: (await openContext(context, source, parts)).tree });
  }
  return contexts;
}

/** Asks the client to join its agent, and waits until it has. */
function agentFor(
  session: BuildSession,
  request: BuildRequest,
  id: string,
  sink: EventSink,
): ReturnType<BuildOptions["agent"]> {
  if (request.ssh?.includes(id) !== true) return undefined;
  return () => session.openChannel((channel) => void sink({ type: "ssh", channel, agent: id }));
}
