import type { BuildFailure } from "../../../spec/index.ts";
import { type BuildProgress, type BuildWarning, durationText } from "./build-progress.ts";
import { plainText } from "./tree-text.ts";

const RULE = "-".repeat(20);

/** The text of the Dockerfile as far as this side has it. */
export type DockerfileLines = readonly string[];

/** What failed: the end of the step's output, the lines of the Dockerfile, and why. */
export function failureText(
  failure: BuildFailure,
  progress: BuildProgress,
  dockerfile: DockerfileLines,
): string {
  const parts: string[] = [];
  const state = failure.vertex === undefined ? undefined : progress.vertices.get(failure.vertex);
  const output =
    state === undefined ? [] : [...state.lines, ...(state.partial === "" ? [] : [state.partial])];
  if (state !== undefined && output.length > 0) {
    parts.push("------", ` > ${plainText(state.vertex.name)}:`, ...output, "------");
  }
  const { position } = failure;
  // A mistake in the Dockerfile brings its own excerpt.
  if (position !== undefined && dockerfile.length > 0 && !failure.message.includes("\n")) {
    parts.push(excerpt(position.file, position.line, position.endLine, dockerfile));
  }
  parts.push(`ERROR: ${failure.message}`);
  return parts.join("\n");
}

/** The lines with two before and after, those that are meant marked. */
export function excerpt(
  file: string,
  line: number,
  endLine: number,
  dockerfile: DockerfileLines,
): string {
  const first = Math.max(1, line - 2);
  const last = Math.min(dockerfile.length, endLine + 2);
  const rows: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const mark = number >= line && number <= endLine ? ">>>" : "   ";
    const text = (dockerfile[number - 1] ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "?");
    rows.push(`${String(number).padStart(4)} | ${mark} ${text}`.trimEnd());
  }
  return [`${file}:${line}`, RULE, ...rows, RULE].join("\n");
}

/** One line for each, as they stand below a build. */
export function warningsText(warnings: readonly BuildWarning[]): string {
  if (warnings.length === 0) return "";
  const count = `${warnings.length} warning${warnings.length === 1 ? "" : "s"} found:`;
  const lines = warnings.map(({ rule, message, line }) => {
    const name = rule === undefined ? "" : `${rule}: `;
    return ` - ${name}${message}${line === undefined ? "" : ` (line ${line})`}`;
  });
  return [` ${count}`, ...lines].join("\n");
}

/** The answer of `--check`, with the lines that are meant. */
export function checkText(warnings: readonly BuildWarning[], dockerfile: DockerfileLines): string {
  if (warnings.length === 0) return "Check complete, no warnings found.\n";
  const count =
    warnings.length === 1
      ? "1 warning has been found!"
      : `${warnings.length} warnings have been found!`;
  const parts = warnings.map((warning) => {
    const head = `WARNING: ${warning.rule ?? "Warning"}${warning.url === undefined ? "" : ` - ${warning.url}`}`;
    const where =
      warning.line === undefined || dockerfile.length === 0
        ? []
        : [
            excerpt(
              warning.file ?? "Dockerfile",
              warning.line,
              warning.endLine ?? warning.line,
              dockerfile,
            ),
          ];
    return [head, warning.message, ...where].join("\n");
  });
  return `Check complete, ${count}\n\n${parts.join("\n\n")}\n`;
}

/** What came of the build, in a line. */
export function summaryText(
  progress: BuildProgress,
  image: string | undefined,
  tags: readonly string[],
  startedAt: number,
  now: number,
): string {
  const steps = progress.steps.length;
  const cached = progress.cachedSteps;
  const how = `${steps} step${steps === 1 ? "" : "s"}, ${cached} cached`;
  const what = tags.length > 0 ? tags.join(", ") : (image ?? "");
  return `Built${what === "" ? "" : ` ${what}`} in ${durationText(startedAt, now)} (${how})`;
}
