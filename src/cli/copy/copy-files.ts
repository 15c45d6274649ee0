import type { EngineClient } from "../../client/index.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { standardInput } from "../commands/archive-input.ts";
import { humanSize } from "../format/human-size.ts";
import { isTerminal } from "../terminal/is-terminal.ts";
import { containerSource, containerTarget, isDirectoryMode } from "./container-path.ts";
import { copyLocally, mayCopyLocally } from "./copy-locally.ts";
import {
  type CopyPlace,
  type CopySource,
  type CopyTarget,
  planCopy,
  splitLast,
} from "./copy-paths.ts";
import { absoluteLocalPath, localSource, localTarget } from "./local-path.ts";

export interface CopyOptions {
  archive: boolean;
  followLink: boolean;
  quiet: boolean;
}

type InContainer = Required<CopyPlace>;

/** Copies between this machine and a container; `-` is a tar on standard input or output. */
export async function copyFiles(
  context: CommandContext,
  from: CopyPlace,
  to: CopyPlace,
  options: CopyOptions,
): Promise<void> {
  const { container: source } = from;
  const { container: target } = to;
  if (source !== undefined && target !== undefined) {
    throw new CliError("copying between containers is not supported");
  }
  if (source !== undefined)
    return copyOut(context, { ...from, container: source }, to.path, options);
  if (target !== undefined)
    return copyIn(context, from.path, { ...to, container: target }, options);
  throw new CliError("must specify at least one container source");
}

async function copyIn(
  context: CommandContext,
  from: string,
  to: InContainer,
  options: CopyOptions,
): Promise<void> {
  const client = await context.client();
  const abort = new AbortController();
  const put = async (directory: string, tar: AsyncIterable<Uint8Array>) => {
    const counter = new CopyCounter(context, options.quiet, from === "-" ? undefined : label(to));
    await client.containers.putArchive(to.container, directory, counter.count(tar), {
      noOverwriteDirNonDir: true,
      copyUidGid: options.archive,
    });
    await counter.done();
  };
  if (from === "-") {
    const target = await containerTarget(client, to.container, to.path);
    if (!target.isDirectory) {
      throw new CliError(`destination "${label(to)}" must be a directory`);
    }
    return put(target.path, standardInput());
  }
  const source = localSource(from, options.followLink);
  const target = await containerTarget(client, to.container, to.path);
  const plan = planCopy(source, target);
  const name = plan.name ?? splitLast(source.path)[1];
  try {
    const local = { hostPath: source.path, path: plan.directory, name, archive: options.archive };
    const counter = new CopyCounter(context, options.quiet, label(to));
    const request = { direction: "in" as const, ...local };
    if (await copyLocally(client, to.container, request, (bytes) => counter.reach(bytes))) {
      await counter.done();
      return;
    }
    const { pack } = await context.trees();
    await put(plan.directory, pack(source.path, name, abort.signal));
  } finally {
    abort.abort();
  }
}

async function copyOut(
  context: CommandContext,
  from: InContainer,
  to: string,
  options: CopyOptions,
): Promise<void> {
  const client = await context.client();
  const target = to === "-" ? undefined : localTarget(to);
  const wanted = await containerSource(client, from.container, from.path, options.followLink);
  if (target !== undefined) {
    const counter = new CopyCounter(context, options.quiet, absoluteLocalPath(to));
    if (await copyOutLocally(client, from, wanted, target, options.archive, counter)) {
      await counter.done();
      return;
    }
  }
  const { stat, tar } = await client.containers.getArchive(from.container, wanted.path);
  if (target === undefined) {
    if (isTerminal(context.stdout.fd)) {
      throw new CliError("refusing to write an archive to a terminal: redirect it");
    }
    for await (const chunk of tar) await context.stdout.send(chunk);
    return;
  }
  const plan = planCopy({ ...wanted, isDirectory: isDirectoryMode(stat.mode) }, target);
  const counter = new CopyCounter(context, options.quiet, absoluteLocalPath(to));
  const { unpack } = await context.trees();
  const from_ = splitLast(wanted.path)[1];
  await unpack(counter.count(tar), plan.directory, {
    owners: options.archive && process.getuid?.() === 0,
    signal: new AbortController().signal,
    ...(plan.name === undefined ? {} : { rename: { from: from_, to: plan.name } }),
  });
  await counter.done();
}

async function copyOutLocally(
  client: EngineClient,
  { container }: InContainer,
  source: CopySource,
  target: CopyTarget,
  archive: boolean,
  counter: CopyCounter,
): Promise<boolean> {
  if (!mayCopyLocally(client)) return false;
  // An answer to HEAD has no words: the archive's own request tells what is wrong.
  const stat = await client.containers.statPath(container, source.path).catch(() => undefined);
  if (stat === undefined) return false;
  const plan = planCopy({ ...source, isDirectory: isDirectoryMode(stat.mode) }, target);
  const request = {
    direction: "out" as const,
    hostPath: plan.directory,
    path: source.path,
    archive,
    ...(plan.name === undefined ? {} : { name: plan.name }),
  };
  return copyLocally(client, container, request, (bytes) => counter.reach(bytes));
}

const label = ({ container, path }: InContainer): string => `${container}:${path}`;

const REDRAW_MILLISECONDS = 100;

/** Shows in a terminal how much has been copied, and says so in the end. */
class CopyCounter {
  readonly #context: CommandContext;
  readonly #target: string | undefined;
  #bytes = 0;
  #drawn = performance.now();

  constructor(context: CommandContext, quiet: boolean, target: string | undefined) {
    this.#context = context;
    this.#target = quiet || !isTerminal(context.stderr.fd) ? undefined : target;
  }

  async *count(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of tar) {
      this.#bytes += chunk.length;
      yield chunk;
      await this.#draw();
    }
  }

  /** That many by now. */
  async reach(bytes: number): Promise<void> {
    this.#bytes = bytes;
    await this.#draw();
  }

  async #draw(): Promise<void> {
    const now = performance.now();
    if (this.#target === undefined || now - this.#drawn < REDRAW_MILLISECONDS) return;
    this.#drawn = now;
    this.#context.stderr.write(
      `\r\x1b[2KCopying to ${this.#target} - ${humanSize(this.#bytes, 3)}`,
    );
    await this.#context.stderr.flush();
  }

  async done(): Promise<void> {
    if (this.#target === undefined) return;
    const size = humanSize(this.#bytes, 3);
    this.#context.stderr.line(`\r\x1b[2KSuccessfully copied ${size} to ${this.#target}`);
    await this.#context.stderr.flush();
  }
}
