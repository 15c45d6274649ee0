import type { EventMessage } from "../../spec/index.ts";
import { ContainerWatch } from "../state/container-watch.ts";
import { listContainers } from "../state/project-state.ts";
import { merged } from "../view/container-output.ts";
import type { LogPrinter } from "../view/log-printer.ts";
import { stopServices } from "./end-containers.ts";
import { logName } from "./follow-logs.ts";
import type { ProjectContext } from "./project-context.ts";

export interface ForegroundOptions {
  printer: LogPrinter;
  /** Services whose output is shown. */
  attach: ReadonlySet<string>;
  timestamps: boolean;
  /** Stop everything when a container ends: `--abort-on-container-exit`, `…-failure`. */
  abort?: "exit" | "failure";
  /** The service whose exit code becomes the command's. */
  exitCodeFrom?: string;
  stopTimeout?: number;
}

interface Followed {
  id: string;
  name: string;
  service: string;
}

const SIGINT_EXIT_CODE = 130;

/**
 * What `up` does while it stays: shows the output of the containers, tells of their ends, and stops them
 * gracefully on Ctrl-C, at once on a second one.
 */
export class Foreground {
  readonly #context: ProjectContext;
  readonly #options: ForegroundOptions;
  readonly #watch: ContainerWatch;
  readonly #alive = new Map<string, Followed>();
  /** Output that is still to be shown, by container. */
  readonly #streams = new Map<string, Promise<void>>();
  readonly #over = Promise.withResolvers<number>();
  #code = 0;
  #interrupts = 0;
  #busy = 0;
  #started = false;
  readonly #onSignal = () => void this.#interrupt();

  private constructor(context: ProjectContext, options: ForegroundOptions, watch: ContainerWatch) {
    this.#context = context;
    this.#options = options;
    this.#watch = watch;
    watch.listen((event) => void this.#event(event));
    process.on("SIGINT", this.#onSignal);
    process.on("SIGTERM", this.#onSignal);
  }

  static async open(context: ProjectContext, options: ForegroundOptions): Promise<Foreground> {
    const watch = await ContainerWatch.open(context.client, context.project.name);
    return new Foreground(context, options, watch);
  }

  /** Attaches to a container that has not started yet, or that runs already. */
  async follow(container: Followed): Promise<void> {
    this.#alive.set(container.id, container);
    const { client, project } = this.#context;
    if (!this.#options.attach.has(container.service)) return;
    const name = logName(project.name, container.name);
    this.#options.printer.announce(name);
    const { Config } = await client.containers.inspect(container.id);
    const stream = await client.containers.attach(container.id, {
      stream: true,
      stdout: true,
      stderr: true,
    });
    const framed = stream.multiplexed ?? !Config.Tty;
    const printing = this.#options.printer.lines(name, merged(stream.output, framed));
    this.#streams.set(
      container.id,
      printing.catch(() => {}),
    );
  }

  /** Resolves with the exit code when nothing is left to show, or everything has been stopped. */
  async end(): Promise<number> {
    this.#started = true;
    await this.#settle();
    try {
      return await this.#over.promise;
    } finally {
      this.close();
    }
  }

  /** While `work` replaces containers, that none is left is not the end. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
      await this.#settle();
    }
  }

  close(): void {
    process.off("SIGINT", this.#onSignal);
    process.off("SIGTERM", this.#onSignal);
    this.#watch.close();
  }

  async #event({ Action, Actor }: EventMessage): Promise<void> {
    const container = this.#alive.get(Actor.ID);
    if (container === undefined) return;
    if (Action === "start" && this.#started) return;
    if (Action !== "die") return;
    const code = Number(Actor.Attributes["exitCode"] ?? 0);
    const restarts = await this.#restarts(container.id);
    await this.#streams.get(container.id);
    const name = logName(this.#context.project.name, container.name);
    await this.#options.printer.note(`${name} exited with code ${code}`);
    if (restarts) {
      await this.follow(container).catch(() => {});
      return;
    }
    this.#alive.delete(container.id);
    await this.#judge(container, code);
    await this.#settle();
  }

  /** Will the engine start it again by itself? */
  async #restarts(id: string): Promise<boolean> {
    try {
      const { State, HostConfig } = await this.#context.client.containers.inspect(id);
      return State.Restarting || (State.Running && HostConfig.RestartPolicy.Name !== "no");
    } catch {
      return false;
    }
  }

  async #judge({ service }: Followed, code: number): Promise<void> {
    const { abort, exitCodeFrom } = this.#options;
    const decides = exitCodeFrom === undefined ? this.#code === 0 : service === exitCodeFrom;
    if (decides && this.#interrupts === 0) this.#code = code;
    if (this.#interrupts > 0 || !this.#started) return;
    if (abort === "exit" || (abort === "failure" && code !== 0)) {
      this.#interrupts++;
      await this.#options.printer.note("Aborting on container exit...");
      await this.#stop();
    }
  }

  async #settle(): Promise<void> {
    if (!this.#started || this.#alive.size > 0 || this.#busy > 0) return;
    await Promise.all(this.#streams.values());
    const reports = this.#options.exitCodeFrom !== undefined || this.#options.abort !== undefined;
    this.#over.resolve(reports ? this.#code : this.#interrupts > 0 ? SIGINT_EXIT_CODE : 0);
  }

  async #interrupt(): Promise<void> {
    this.#interrupts++;
    if (this.#interrupts === 1) {
      await this.#options.printer.note("Gracefully Stopping... press Ctrl+C again to force");
      this.#code ||= SIGINT_EXIT_CODE;
      await this.#stop().catch((error: unknown) => this.#over.reject(error));
      return;
    }
    const { client } = this.#context;
    await Promise.all(
      [...this.#alive.keys()].map((id) => client.containers.kill(id).catch(() => {})),
    );
  }

  async #stop(): Promise<void> {
    const { client, project, progress } = this.#context;
    const all = await listContainers(client, project.name);
    const ours = all.filter(({ id, oneOff }) => this.#alive.has(id) && !oneOff);
    await stopServices(this.#context, ours, this.#options.stopTimeout);
    progress.finish();
  }
}
