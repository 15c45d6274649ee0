import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { EngineClient } from "../../client/index.ts";
import type { BuildEvent, BuildRequest } from "../../spec/index.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { isBerth } from "../commands/is-berth.ts";
import type { ParsedFlags } from "../flags/flag.ts";
import { humanSize } from "../format/human-size.ts";
import { buildRequest, outputsOf, type RequestOptions } from "./build-request.ts";
import { readCall } from "./call-result.ts";
import { classicBuild } from "./classic-build.ts";
import { type LocatedContext, locateContext } from "./context/locate-context.ts";
import type { Upload } from "./context/upload-context.ts";
import { SshAgents } from "./forward-ssh.ts";
import type { BuildFlags } from "./options/build-flags.ts";
import {
  type SendOptions,
  sendCacheSources,
  sendContext,
  sendNamedContexts,
} from "./prepare-contexts.ts";
import type { BuildReporter } from "./progress/build-reporter.ts";
import { type Destination, receiveOutput } from "./receive-output.ts";

type Values = ParsedFlags<BuildFlags>["values"];
export type BuildResult = Extract<BuildEvent, { type: "result" }>;
export type BuildEnd =
  | BuildResult
  | Extract<BuildEvent, { type: "error" }>
  /** Another engine's builder has made it. */
  | { readonly type: "classic"; readonly id?: string };

/** One build from its flags to its end: sends, watches, and takes what comes back. */
export class BuildRun {
  readonly #values: Values;
  readonly #context: CommandContext;
  readonly #reporter: BuildReporter;
  readonly #signal: AbortSignal;
  readonly #side: Promise<void>[] = [];
  #id = "";

  constructor(
    values: Values,
    context: CommandContext,
    reporter: BuildReporter,
    signal: AbortSignal,
  ) {
    this.#values = values;
    this.#context = context;
    this.#reporter = reporter;
    this.#signal = signal;
  }

  /** Rejects with what went wrong on this side; a build that failed is an end. */
  async run(path: string): Promise<BuildEnd> {
    const client = await this.#context.client();
    const version = client.system.version();
    // Asked while the context is looked for; whoever needs the answer hears of a failure.
    version.catch(() => {});
    const located = await locateContext(path, this.#values.file);
    const { dockerfile } = located;
    this.#reporter.knowDockerfile(dockerfile);
    const options = await buildRequest(this.#values, this.#context, dockerfile);
    if (!isBerth(await version)) return this.#classic(client, located, options);
    const agents = await SshAgents.open(this.#values.ssh, this.#context.environment);
    try {
      const request = { ...options, ...(await this.#send(client, located)) };
      return await this.#watch(client, request, agents);
    } finally {
      agents.close();
    }
  }

  async #classic(
    client: EngineClient,
    located: LocatedContext,
    options: RequestOptions,
  ): Promise<BuildEnd> {
    const id = await classicBuild(client, this.#context, located, options, {
      quiet: this.#values.quiet,
      namedContexts: this.#values["build-context"].length,
      cacheFrom: this.#values["cache-from"].flatMap((each) =>
        each.type === "registry" ? each.reference : [],
      ),
      signal: this.#signal,
    });
    return { type: "classic", ...(id === undefined ? {} : { id }) };
  }

  async #send(client: EngineClient, located: LocatedContext): Promise<BuildRequest> {
    const { dockerfile, dockerfilePath } = located;
    const options: SendOptions = {
      client,
      cacheDirectory: cacheDirectory(this.#context.environment),
      signal: this.#signal,
      onUpload: (name, upload) => this.#reporter.note(uploadText(name, upload)),
    };
    const ignoreFile = located.kind === "directory" ? located.ignoreFile : undefined;
    return {
      context: await this.#reporter.step("load build context", () => sendContext(located, options)),
      contexts: await sendNamedContexts(this.#values["build-context"], options),
      cacheFrom: await sendCacheSources(this.#values["cache-from"], options),
      ...(dockerfile === undefined ? {} : { dockerfile }),
      ...(dockerfilePath === undefined ? {} : { dockerfilePath }),
      ...(ignoreFile === undefined ? {} : { ignoreFile }),
      ...callOf(this.#values),
    };
  }

  async #watch(client: EngineClient, request: BuildRequest, agents: SshAgents): Promise<BuildEnd> {
    let end: BuildEnd | undefined;
    for await (const event of await client.builds.build(request, this.#signal)) {
      this.#reporter.show(event);
      if (event.type === "build") this.#id = event.id;
      else if (event.type === "result" || event.type === "error") end = event;
      else if (event.type === "ssh") this.#beside(this.#joinSsh(client, agents, event));
      else if (event.type === "output") this.#beside(this.#receive(client, event.index));
    }
    await Promise.all(this.#side);
    if (end === undefined) throw new CliError("the daemon ended the build without a result");
    return end;
  }

  /** Goes on while events come; a failure is heard when they have ended. */
  #beside(work: Promise<void>): void {
    work.catch(() => {});
    this.#side.push(work);
  }

  async #joinSsh(
    client: EngineClient,
    agents: SshAgents,
    { channel, agent }: Extract<BuildEvent, { type: "ssh" }>,
  ): Promise<void> {
    await agents.join(agent, await client.builds.openSsh(this.#id, channel));
  }

  async #receive(client: EngineClient, index: number): Promise<void> {
    const destination = destinations(this.#values)[index];
    if (destination === undefined)
      throw new CliError(`the daemon sends an output ${index} that nobody asked for`);
    const stream = await client.builds.output(this.#id, index, this.#signal);
    await receiveOutput(stream, destination, this.#context, this.#signal);
  }
}

/** What of a call the daemon is to answer. */
function callOf(values: Values): Pick<BuildRequest, "check" | "call"> {
  const { method } = readCall(values);
  if (method === "check") return { check: true };
  return method === "build" ? {} : { call: method };
}

/** By the index of `outputs`, and from there on of `cacheTo`. */
export function destinations(values: Values): readonly (Destination | undefined)[] {
  const outputs = outputsOf(values).map(({ output, destination }): Destination | undefined => {
    if (destination === undefined) return undefined;
    const unpacks = output.type === "local" || ("tar" in output && output.tar === false);
    return { kind: unpacks ? "directory" : "file", path: placeOf(destination) };
  });
  // Without an output the daemon makes one of its own.
  if (outputs.length === 0) outputs.push(undefined);
  const caches = values["cache-to"].map(({ destination }): Destination | undefined =>
    destination === undefined ? undefined : { kind: "directory", path: placeOf(destination) },
  );
  return [...outputs, ...caches];
}

const placeOf = (path: string): string => (path === "-" ? "-" : resolve(path));

/** Whether a part of the result goes to standard output, which then is nobody else's. */
export const usesStandardOutput = (values: Values): boolean =>
  destinations(values).some((each) => each?.path === "-");

function cacheDirectory(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const base =
    environment["XDG_CACHE_HOME"] || (environment["HOME"] ? `${environment["HOME"]}/.cache` : "");
  return base === "" ? undefined : `${base}/berth/contexts`;
}

function uploadText(name: string, upload: Upload): string {
  const { files, size, sentFiles, sentBytes, hashedFiles } = upload;
  const sent = sentFiles === 0 ? "nothing sent" : `${sentFiles} sent (${humanSize(sentBytes)})`;
  return `${name}: ${files} files, ${humanSize(size)}: ${hashedFiles} read, ${sent}`;
}

/** Writes `--iidfile` and `--metadata-file`. */
export function writeResultFiles(
  values: Values,
  id: string | undefined,
  metadata: Readonly<Record<string, unknown>>,
): void {
  const write = (path: string, text: string): void => {
    try {
      writeFileSync(path, text);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CliError(`cannot write ${path}: ${why}`, 1, { cause: error });
    }
  };
  if (values.iidfile !== "" && id !== undefined) write(values.iidfile, id);
  if (values["metadata-file"] !== "") {
    write(values["metadata-file"], `${JSON.stringify(metadata, null, 2)}\n`);
  }
}
