import type { EngineClient } from "../../../client/index.ts";
import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { formatList, type ListSpec } from "../../format/list-format.ts";
import { type StatsEntry, statsList } from "./stats-row.ts";

const REFRESH_MS = 500;
const CLEAR_LINE = "\x1b[K";

export const command = defineCommand({
  usage: "[OPTIONS] [CONTAINER...]",
  description: "Display a live stream of container(s) resource usage statistics",
  aliases: ["container stats", "stats"],
  args: () => {},
  flags: {
    all: bool("Show all containers (default shows just running)", { short: "a" }),
    format: string(LIST_FORMAT_USAGE),
    "no-stream": bool("Disable streaming stats and only pull the first result"),
    "no-trunc": bool("Do not truncate output"),
  },
  run: async ({ values, args, context }) => {
    const client = await context.client();
    const format = values.format || ((await context.config()).statsFormat ?? "");
    const spec = statsList(!values["no-trunc"]);
    const names = args.length > 0 ? args : await containerIds(client, values.all);
    if (values["no-stream"]) {
      const entries = await Promise.all(names.map((container) => sampleOnce(client, container)));
      context.stdout.write(await formatList(spec, entries, { format }));
      return undefined;
    }
    const watch = new StatsWatch(client, args.length === 0 ? { all: values.all } : undefined);
    for (const name of names) watch.add(name);
    await watch.display(context, spec, format);
    return undefined;
  },
});

async function containerIds(client: EngineClient, all: boolean): Promise<string[]> {
  const containers = await client.containers.list({ all });
  return containers.map(({ Id }) => Id.slice(0, 12));
}

async function sampleOnce(client: EngineClient, container: string): Promise<StatsEntry> {
  for await (const sample of await client.containers.stats(container, { stream: false })) {
    return { container, sample };
  }
  return { container };
}

/** Follows containers until all have gone; without names, new ones are followed as they start. */
class StatsWatch {
  readonly #client: EngineClient;
  readonly #entries = new Map<string, StatsEntry>();
  readonly #discover: { all: boolean } | undefined;
  readonly #abort = new AbortController();
  #failure: unknown;

  constructor(client: EngineClient, discover: { all: boolean } | undefined) {
    this.#client = client;
    this.#discover = discover;
  }

  add(container: string): void {
    if (this.#entries.has(container)) return;
    const entry: StatsEntry = { container };
    this.#entries.set(container, entry);
    this.#follow(entry).catch((error) => {
      entry.failed = true;
      if (this.#discover === undefined) this.#failure ??= error;
    });
  }

  async #follow(entry: StatsEntry): Promise<void> {
    const { signal } = this.#abort;
    const samples = await this.#client.containers.stats(entry.container, { stream: true }, signal);
    for await (const sample of samples) entry.sample = sample;
    entry.failed = true;
    if (this.#discover !== undefined && !this.#discover.all) this.#entries.delete(entry.container);
  }

  async #discoverNew(): Promise<void> {
    const filters = { type: ["container"], event: ["start", "create", "destroy"] };
    const events = await this.#client.system.events({ filters }, this.#abort.signal);
    for await (const { Action, Actor } of events) {
      const id = Actor.ID.slice(0, 12);
      if (Action === "destroy") this.#entries.delete(id);
      else if (Action === "start" || this.#discover?.all === true) this.add(id);
    }
  }

  async display(
    context: CommandContext,
    spec: ListSpec<StatsEntry>,
    format: string,
  ): Promise<void> {
    if (this.#discover !== undefined) this.#discoverNew().catch(() => {});
    let shownLines = 0;
    for (;;) {
      await Bun.sleep(REFRESH_MS);
      if (this.#failure !== undefined) throw this.#failure;
      const text = await formatList(spec, [...this.#entries.values()], { format });
      shownLines = this.#draw(context, text, shownLines);
      await context.stdout.flush();
      if (this.#discover === undefined && this.#allGone()) break;
    }
    this.#abort.abort();
  }

  #allGone(): boolean {
    const entries = [...this.#entries.values()];
    if (
      entries.length > 0 &&
      entries.every(({ failed, sample }) => failed === true && sample === undefined)
    ) {
      throw new CliError("no statistics: the containers do not run");
    }
    return false;
  }

  /** Over what was drawn before, so that nothing flickers. */
  #draw({ stdout }: CommandContext, text: string, shownLines: number): number {
    const lines = text.trimEnd().split("\n");
    const clear = lines.map((line) => `${line}${CLEAR_LINE}\n`).join("");
    stdout.write(shownLines === 0 ? `\x1b[2J\x1b[H${clear}` : `\x1b[H${clear}\x1b[J`);
    return lines.length;
  }
}
