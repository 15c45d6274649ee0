import type { TreeFiles } from "../../cli/tree-files.ts";
import type { Project, Service } from "../file/project.ts";
import { containersOf } from "../find-container.ts";
import { imageName } from "../model/names.ts";
import type { ProjectContext } from "../operations/project-context.ts";
import { execute } from "../operations/run-hook.ts";
import { ChangeBatches } from "./change-batches.ts";
import { emptyPlan, planPath, sizeOf, syncFiles } from "./sync-files.ts";
import { TreeWatch } from "./tree-watch.ts";
import { WatchedRule } from "./watched-rule.ts";

export interface WatchOptions {
  context: ProjectContext;
  trees: TreeFiles;
  services: readonly string[];
  say(text: string): Promise<void>;
  /** Builds these services' images and puts new containers into the place of the old ones. */
  rebuild(services: readonly string[]): Promise<void>;
}

/** The rules of these services; all with any if none is named. */
export function watchedRules(project: Project, services: readonly string[]): WatchedRule[] {
  return Object.entries(project.services)
    .filter(([name]) => services.length === 0 || services.includes(name))
    .flatMap(([name, service]) =>
      (service.develop?.watch ?? []).map((rule) => new WatchedRule(name, service, rule)),
    );
}

/** Follows the files of services' `develop.watch`, and does what the rules say, batch after batch. */
export class ProjectWatch {
  readonly #options: WatchOptions;
  readonly #rules: readonly WatchedRule[];
  readonly #batches = new ChangeBatches();
  #trees: TreeWatch[] = [];

  /** Throws where no service has a rule. */
  constructor(options: WatchOptions) {
    const { project, warn } = options.context;
    this.#options = options;
    const all = watchedRules(project, options.services);
    if (all.length === 0) {
      throw new Error(
        "none of the selected services is configured for watch, consider setting a 'develop' section",
      );
    }
    this.#rules = all.filter((rule) => {
      const mounted = rule.syncs && isMounted(project.services[rule.service] ?? {}, rule.rule.path);
      if (mounted) {
        warn(
          `path '${rule.rule.path}' also declared by a bind mount volume, this path won't be monitored!`,
        );
      }
      return !mounted;
    });
  }

  /** Resolves when closed. What goes wrong with one batch is told, and the next one is waited for. */
  async run(): Promise<void> {
    const paths = new Set(this.#rules.map(({ rule }) => rule.path));
    this.#trees = [...paths].map((path) => new TreeWatch(path, (each) => this.#batches.add(each)));
    try {
      await this.#told(() => this.#syncFirst());
      await this.#options.say("Watch enabled");
      for (let batch = await this.#batches.next(); batch; batch = await this.#batches.next()) {
        const changed = batch;
        await this.#told(() => this.#handle(changed));
      }
    } finally {
      for (const tree of this.#trees) tree.close();
    }
  }

  close(): void {
    this.#batches.close();
  }

  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      await this.#options.say(`Error handling changed files: ${why}`);
    }
  }

  /** `initial_sync`: what has changed since the image was made. */
  async #syncFirst(): Promise<void> {
    const { client, project } = this.#options.context;
    const first = this.#rules.filter(({ rule, syncs }) => syncs && rule.initial_sync === true);
    for (const rule of first) {
      const image = imageName(project.name, rule.service, project.services[rule.service] ?? {});
      const { Created } = await client.images.inspect(image);
      await this.#sync([rule], new Set([rule.rule.path]), Date.parse(Created ?? "") || 0);
    }
  }

  async #handle(changed: ReadonlySet<string>): Promise<void> {
    const hit = this.#rules.filter((rule) =>
      [...changed].some((path) => {
        const inside = rule.within(path);
        return inside !== undefined && (rule.syncs || rule.includes(inside));
      }),
    );
    const rebuilt = servicesOf(hit.filter(({ rule }) => rule.action === "rebuild"));
    if (rebuilt.length > 0) await this.#rebuild(rebuilt);
    const rest = hit.filter(({ service }) => !rebuilt.includes(service));
    const synced = await this.#sync(
      rest.filter(({ syncs }) => syncs),
      changed,
    );
    for (const rule of rest) {
      if (rule.rule.action === "sync+exec" && synced.has(rule)) await this.#execute(rule);
    }
    const restarted = rest.filter(
      (rule) =>
        rule.rule.action === "restart" || (rule.rule.action === "sync+restart" && synced.has(rule)),
    );
    await this.#restart(servicesOf(restarted));
  }

  async #sync(
    rules: readonly WatchedRule[],
    changed: ReadonlySet<string>,
    since = 0,
  ): Promise<Set<WatchedRule>> {
    const synced = new Set<WatchedRule>();
    for (const service of servicesOf(rules)) {
      const plan = emptyPlan();
      for (const rule of rules.filter((each) => each.service === service)) {
        const before = sizeOf(plan);
        for (const path of changed) planPath(plan, rule, path, since);
        if (sizeOf(plan) > before) synced.add(rule);
      }
      if (sizeOf(plan) === 0) continue;
      const { say, context, trees } = this.#options;
      await say(`Syncing service "${service}" after ${sizeOf(plan)} changes were detected`);
      await syncFiles(context, trees, await this.#containers(service), plan);
    }
    return synced;
  }

  async #execute({ service, rule }: WatchedRule): Promise<void> {
    if (rule.exec === undefined) return;
    for (const id of await this.#containers(service)) {
      const { code, output } = await execute(this.#options.context, id, rule.exec);
      if (output !== "") await this.#options.say(output.replace(/\n$/, ""));
      if (code !== 0) throw new Error(`${rule.exec.command.join(" ")} ended with ${code}`);
    }
  }

  async #restart(services: readonly string[]): Promise<void> {
    if (services.length === 0) return;
    const { client } = this.#options.context;
    const ids = await Promise.all(services.map((service) => this.#containers(service)));
    await Promise.all(ids.flat().map((id) => client.containers.restart(id)));
    await this.#options.say(`service(s) ${quoted(services)} restarted`);
  }

  async #rebuild(services: readonly string[]): Promise<void> {
    const { say, rebuild } = this.#options;
    await say(`Rebuilding service(s) ${quoted(services)} after changes were detected...`);
    try {
      await rebuild(services);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      await say(`Failed to rebuild service(s) ${quoted(services)}: ${why}`);
      return;
    }
    await say(`service(s) ${quoted(services)} successfully built`);
  }

  async #containers(service: string): Promise<string[]> {
    return (await containersOf(this.#options.context, [service])).map(({ id }) => id);
  }
}

const servicesOf = (rules: readonly WatchedRule[]): string[] => [
  ...new Set(rules.map(({ service }) => service)),
];

/** As Go prints a list of strings with %q. */
const quoted = (names: readonly string[]): string =>
  `[${names.map((name) => `"${name}"`).join(" ")}]`;

function isMounted({ volumes = [] }: Service, path: string): boolean {
  const holds = (outer: string, inner: string) => inner === outer || inner.startsWith(`${outer}/`);
  return volumes.some(
    ({ type, source = "" }) => type === "bind" && (holds(source, path) || holds(path, source)),
  );
}
