import { type Call, callText, readCall } from "../../build/call-result.ts";
import { failureShell } from "../../build/failure-shell.ts";
import { BUILD_FLAGS } from "../../build/options/build-flags.ts";
import { BuildReporter, viewKind } from "../../build/progress/build-reporter.ts";
import {
  type BuildEnd,
  type BuildResult,
  BuildRun,
  usesStandardOutput,
  writeResultFiles,
} from "../../build/run-build.ts";
import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand, exactly, type Invocation } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";

const CANCELLED = 130;

export const command = defineCommand({
  usage: "[OPTIONS] PATH | URL | -",
  description: `Build an image from a Dockerfile

The context is a directory, a tar or a Dockerfile on standard input (-), an address or a git repository
(https://host/repository.git#ref:directory). Only what the daemon lacks of a directory is sent.

"build ls", "build logs BUILD" and "build rm BUILD" are for recent builds.`,
  aliases: ["image build", "build", "builder build", "buildx build"],
  args: exactly(1),
  flags: BUILD_FLAGS,
  run: async (invocation) => {
    const { values, args, context } = invocation;
    const { method } = readCall(values);
    const kind = method !== "build" ? "quiet" : viewKind(values.progress, values.quiet, context);
    const reporter = await BuildReporter.open(context, kind);
    const abort = new AbortController();
    const interrupt = (): void => {
      // Whoever asks a second time does not wait for anything.
      if (abort.signal.aborted) process.exit(CANCELLED);
      abort.abort();
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    try {
      const run = new BuildRun(values, context, reporter, abort.signal);
      const end = await run.run(args[0] ?? "");
      reporter.end(end.type === "error" ? "failed" : "completed");
      if (end.type === "classic") return finishClassic(invocation, end.id);
      return end.type === "result"
        ? finish(invocation, reporter, end)
        : fail(invocation, reporter, end);
    } catch (error) {
      reporter.end(abort.signal.aborted ? "cancelled" : "failed");
      if (abort.signal.aborted) throw new CliError("ERROR: canceled", CANCELLED, { cause: error });
      throw new CliError(`ERROR: ${failureText(error)}`, exitCodeOf(error), { cause: error });
    } finally {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    }
  },
});

type BuildInvocation = Invocation<typeof BUILD_FLAGS>;

const exitCodeOf = (error: unknown): number => (error instanceof CliError ? error.exitCode : 1);

function finish(
  { values, context }: BuildInvocation,
  reporter: BuildReporter,
  result: BuildResult,
): number {
  const call = readCall(values);
  if (call.method !== "build") return answer(values, context, reporter, call, result);
  const image = result.images[0]?.id ?? result.index?.digest;
  writeResultFiles(values, image, result.metadata);
  reporter.summary(image, result.tags);
  if (values.quiet && image !== undefined && !usesStandardOutput(values))
    context.stdout.line(image);
  return 0;
}

function answer(
  values: BuildInvocation["values"],
  { stdout }: CommandContext,
  reporter: BuildReporter,
  { method, json }: Call,
  { metadata }: BuildResult,
): number {
  writeResultFiles(values, undefined, metadata);
  const described = metadata["result.json"];
  if (json) stdout.line(JSON.stringify(described, null, 2));
  else if (method === "check") reporter.check();
  else stdout.write(callText(method === "targets" ? method : "outline", described));
  return method === "check" && reporter.progress.warnings.length > 0 ? 1 : 0;
}

function finishClassic({ values, context }: BuildInvocation, id: string | undefined): number {
  writeResultFiles(values, id, id === undefined ? {} : { "containerimage.config.digest": id });
  if (values.quiet && id !== undefined) context.stdout.line(id);
  return 0;
}

async function fail(
  { values, context }: BuildInvocation,
  reporter: BuildReporter,
  { failure }: Extract<BuildEnd, { type: "error" }>,
): Promise<number> {
  if (readCall(values).method === "check") reporter.check();
  reporter.failure(failure);
  if (values["on-error"] === "shell") await openShell(context, failure.image);
  return 1;
}

async function openShell(context: CommandContext, image: string | undefined): Promise<void> {
  if (image === undefined) {
    context.stderr.line("no step failed that has a tree: there is nothing to open a shell in");
    return;
  }
  await failureShell(context, image);
}
