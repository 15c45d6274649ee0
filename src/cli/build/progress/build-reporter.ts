import type { BuildEvent, BuildFailure } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";
import { isTerminal } from "../../terminal/is-terminal.ts";
import { BuildProgress } from "./build-progress.ts";
import { type BuildView, QUIET_VIEW, type ViewKind } from "./build-view.ts";
import { checkText, failureText, summaryText, warningsText } from "./outcome-text.ts";
import { PlainView } from "./plain-view.ts";
import { RawJsonView } from "./rawjson-view.ts";
import { TtyView } from "./tty-view.ts";

const DEFAULT_SIZE = { rows: 24, columns: 80 };

/** What the user sees of a build, all of it on standard error. */
export class BuildReporter {
  readonly progress = new BuildProgress();
  readonly #context: CommandContext;
  readonly #kind: ViewKind;
  readonly #view: BuildView;
  readonly #startedAt = Date.now();
  #dockerfile: readonly string[] = [];
  #steps = 0;
  #note = "";

  private constructor(
    context: CommandContext,
    kind: ViewKind,
    view: (progress: BuildProgress) => BuildView,
  ) {
    this.#context = context;
    this.#kind = kind;
    this.#view = view(this.progress);
  }

  static async open(context: CommandContext, kind: ViewKind): Promise<BuildReporter> {
    const { stderr, environment } = context;
    const terminal = kind === "tty" ? await context.terminal() : undefined;
    return new BuildReporter(context, kind, (progress) => {
      if (kind === "plain") return new PlainView(stderr, progress);
      if (kind === "rawjson") return new RawJsonView(stderr, progress);
      if (kind === "quiet") return QUIET_VIEW;
      return new TtyView({
        output: stderr,
        progress,
        size: () => terminal?.size(stderr.fd) ?? DEFAULT_SIZE,
        color: (environment["NO_COLOR"] ?? "") === "",
      });
    });
  }

  knowDockerfile(text: string | undefined): void {
    this.#dockerfile = text?.replace(/\r/g, "").split("\n") ?? [];
  }

  show(event: BuildEvent): void {
    this.progress.apply(event);
    this.#view.show(event);
  }

  /** Shows work of this side like a step of the daemon. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#steps += 1;
    const vertex = `client-${this.#steps}`;
    const at = (): string => new Date().toISOString();
    this.show({
      type: "vertex",
      vertex: { id: vertex, name: `[internal] ${name}`, inputs: [], internal: true },
    });
    this.show({ type: "started", vertex, at: at() });
    try {
      const result = await work();
      if (this.#note !== "") {
        this.show({ type: "log", vertex, at: at(), stream: "stderr", text: `${this.#note}\n` });
        this.#note = "";
      }
      this.show({ type: "finished", vertex, at: at() });
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.show({ type: "failed", vertex, at: at(), message });
      throw error;
    }
  }

  /** Told in the step that is running on this side. */
  note(text: string): void {
    this.#note = this.#note === "" ? text : `${this.#note}\n${text}`;
  }

  end(outcome: "completed" | "failed" | "cancelled"): void {
    this.#view.end(outcome);
  }

  summary(image: string | undefined, tags: readonly string[]): void {
    if (this.#kind === "quiet" || this.#kind === "rawjson") return;
    const { stderr } = this.#context;
    stderr.line(summaryText(this.progress, image, tags, this.#startedAt, Date.now()));
    const warnings = warningsText(this.progress.warnings);
    if (warnings !== "") stderr.line(`\n${warnings}`);
  }

  failure(failure: BuildFailure): void {
    this.#context.stderr.line(failureText(failure, this.progress, this.#dockerfile));
  }

  /** The answer of `--check`, on standard output. */
  check(): void {
    this.#context.stdout.write(checkText(this.progress.warnings, this.#dockerfile));
  }
}

/** `auto` is a tree in a terminal and lines elsewhere; `BUILDKIT_PROGRESS` says what `auto` is. */
export function viewKind(
  flag: string,
  quiet: boolean,
  { stderr, environment }: CommandContext,
): ViewKind {
  const asked =
    flag === "auto" || flag === "" ? (environment["BUILDKIT_PROGRESS"] ?? "auto") : flag;
  if (quiet) return "quiet";
  switch (asked) {
    case "auto":
    case "":
      return isTerminal(stderr.fd) ? "tty" : "plain";
    case "tty":
      if (!isTerminal(stderr.fd))
        throw new CliError("failed to get console: provided file is not a console");
      return "tty";
    case "none":
      return "quiet";
    case "plain":
    case "quiet":
    case "rawjson":
      return asked;
    default:
      throw new CliError(`unknown progress mode "${asked}": auto, plain, tty, quiet or rawjson`);
  }
}
