import {
  type BuildOptions,
  type EventSink,
  makeImage,
  parseDockerfile,
  readDockerfile,
  type SourceTree,
  StepFailure,
  tarContext,
  withoutIgnored,
} from "../../build/index.ts";
import {
  type ClassicBuildOptions,
  EngineError,
  familiarString,
  invalidArgument,
  type ProgressMessage,
  parsePlatform,
  parseReference,
  shortId,
  withDefaultTag,
} from "../../spec/index.ts";
import type { Store } from "../../store/index.ts";
import type { BuildContext } from "./build-context.ts";
import { limitsOf } from "./build-limits.ts";
import { BuildSession, type SessionPlan } from "./build-session.ts";
import { isTrue } from "./builder-arguments.ts";
import { inlineCache } from "./cache-export.ts";
import { importedSteps } from "./cache-import.ts";
import { ClassicOutput } from "./classic-output.ts";
import { EventQueue } from "./event-queue.ts";
import { remoteContext } from "./remote-context.ts";
import { unusedArguments } from "./unused-arguments.ts";

/** A build in Docker's classic protocol: a tar comes, lines of progress go. */
export function classicBuild(
  context: BuildContext,
  options: ClassicBuildOptions,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<ProgressMessage> {
  checkOptions(options);
  return EventQueue.run<ProgressMessage>(async (queue, running) => {
    const output = new ClassicOutput((message) =>
      options.quiet ? undefined : queue.push(message),
    );
    const release = (): void => output.release();
    running.addEventListener("abort", release, { once: true });
    const session = new BuildSession(context, (event) => output.take(event));
    using held = new DisposableStack();
    try {
      const plan = (sink: EventSink) =>
        planClassic(context, options, { body, held, signal: running, sink });
      const { images } = await session.run(plan, running);
      const [id = ""] = images;
      tellResult(options, id, (message) => void queue.push(message));
    } catch (error) {
      throw inClassicWords(error);
    } finally {
      running.removeEventListener("abort", release);
    }
  }, signal);
}

function checkOptions({ tags, outputs }: ClassicBuildOptions): void {
  for (const tag of tags) {
    if (parseReference(tag).digest !== undefined) {
      throw invalidArgument("refusing to create a tag with a digest reference");
    }
  }
  if (outputs.length > 0) {
    throw invalidArgument("Cannot write outputs with the classic build protocol: use berth build");
  }
}

function tellResult(
  options: ClassicBuildOptions,
  id: string,
  send: (message: ProgressMessage) => void,
): void {
  if (options.quiet) {
    send({ stream: `${id}\n` });
    return;
  }
  send({ aux: { ID: id } });
  send({ stream: `Successfully built ${shortId(id)}\n` });
  for (const tag of options.tags) {
    const name = familiarString(withDefaultTag(parseReference(tag)));
    send({ stream: `Successfully tagged ${name}\n` });
  }
}

/** `code` is what the command line exits with. */
function inClassicWords(error: unknown): unknown {
  if (!(error instanceof StepFailure) || error.exitCode === undefined) return error;
  const command = /^process "([\s\S]*)" did not complete/.exec(error.message)?.[1] ?? "";
  const message = `The command '${command}' returned a non-zero code: ${error.exitCode}`;
  return Object.assign(new EngineError("failed-precondition", message, { cause: error }), {
    exitCode: error.exitCode,
  });
}

interface Incoming {
  readonly body: AsyncIterable<Uint8Array>;
  readonly held: DisposableStack;
  readonly signal: AbortSignal;
  readonly sink: EventSink;
}

async function planClassic(
  context: BuildContext,
  options: ClassicBuildOptions,
  incoming: Incoming,
): Promise<SessionPlan> {
  const { tree, text } = await contextOf(context, options, incoming);
  const file = options.dockerfile || "Dockerfile";
  const dockerfile = parseDockerfile(text ?? readDockerfile(tree, file), file);
  const { host, store, images } = context.services.environment;
  const platform = options.platform ? parsePlatform(options.platform, host) : host;
  const buildArgs = new Map(Object.entries(options.buildArgs));
  const unused = unusedArguments(dockerfile, buildArgs);
  return {
    options: {
      ...buildOptions(options, { dockerfile, buildArgs, context: withoutIgnored(tree, file) }),
      imported: await importedSteps(context, cacheRequest(store, options), incoming),
    },
    platforms: [platform],
    tags: options.tags,
    name: options.tags[0] ?? file,
    finish: async (job, built) => {
      const [first] = built;
      if (first === undefined) throw new EngineError("internal", "nothing was built");
      if (unused.length > 0) {
        const message = `One or more build-args [${unused.join(" ")}] were not consumed`;
        void incoming.sink({ type: "warning", message });
      }
      const { record } = await makeImage(store, first.state, {
        labels: options.labels,
        annotations: {},
        // Who takes a cache from images gives one, too: the next build's name may be this image's.
        ...(options.cacheFrom.length === 0 && !isTrue(options.buildArgs["BUILDKIT_INLINE_CACHE"])
          ? {}
          : { extra: inlineCache(store, first.state) }),
        signal: job.signal,
      });
      for (const tag of options.tags) images.tag(record.id, tag);
      return { images: [record.id] };
    },
  };
}

function buildOptions(
  options: ClassicBuildOptions,
  parts: Pick<BuildOptions, "dockerfile" | "buildArgs" | "context">,
): Omit<BuildOptions, "imported"> {
  return {
    ...parts,
    ...(options.target === undefined ? {} : { target: options.target }),
    contexts: new Map(),
    noCache: options.noCache,
    noCacheFilter: new Set(),
    pull: options.pull,
    network: options.networkMode ?? "default",
    extraHosts: options.extraHosts,
    limits: limitsOf(options),
    secrets: new Map(),
    agent: () => undefined,
    allow: new Set(options.networkMode === "host" ? ["network.host"] : []),
    auth: options.auth,
    explainCache: false,
    countsAll: true,
    keepFailed: false,
  };
}

/** As with `dockerd`, only images that are here count: none is fetched for its cache. */
function cacheRequest({ images }: Store, { cacheFrom, auth }: ClassicBuildOptions) {
  const here = cacheFrom.filter((name) => images.resolve(withDefaultTag(parseReference(name))));
  return { cacheFrom: here.map((reference) => ({ type: "registry", reference }) as const), auth };
}

/** The files of the context, and the Dockerfile where it did not come with them. */
async function contextOf(
  context: BuildContext,
  options: ClassicBuildOptions,
  incoming: Incoming,
): Promise<{ tree: SourceTree; text?: string }> {
  const { remote } = options;
  if (remote !== undefined) {
    const buildArgs = new Map(Object.entries(options.buildArgs));
    return await remoteContext(context, remote, { ...incoming, buildArgs });
  }
  return { tree: await tarContext(context.services.files, incoming.body, incoming.signal) };
}
