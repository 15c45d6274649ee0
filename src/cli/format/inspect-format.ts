import { CliError } from "../cli-error.ts";
import type { Output } from "../output.ts";

/** What inspecting one thing gave. */
export type Inspected = { value: unknown } | { missing: string };

const PARSE_ERROR = 64;

/**
 * Prints what was inspected: one JSON array, or each through a template. What was not found is reported
 * afterwards, all of it.
 */
export async function printInspected(
  output: Output,
  results: readonly Inspected[],
  format: string,
): Promise<undefined> {
  const values = results.flatMap((result) => ("value" in result ? [result.value] : []));
  if (format === "") {
    output.line(goJson(values));
  } else if (format === "json") {
    output.line(JSON.stringify(values));
  } else {
    await printTemplated(output, values, format);
  }
  const problems = results.flatMap((result) => ("missing" in result ? [result.missing] : []));
  if (problems.length > 0) throw new CliError(problems.join("\n"));
  return undefined;
}

async function printTemplated(
  output: Output,
  values: readonly unknown[],
  format: string,
): Promise<void> {
  const { inspectTemplate } = await import("./inspect-template.ts");
  const fail = (error: unknown, code: number): CliError =>
    new CliError(
      `template parsing error: ${error instanceof Error ? error.message : error}`,
      code,
      {
        cause: error,
      },
    );
  let execute: (value: unknown) => string;
  try {
    execute = inspectTemplate(format);
  } catch (error) {
    throw fail(error, PARSE_ERROR);
  }
  for (const value of values) {
    try {
      output.line(execute(value));
    } catch (error) {
      output.line("");
      throw fail(error, 1);
    }
  }
}

/** JSON as Go indents it. */
export function goJson(value: unknown): string {
  return JSON.stringify(value, null, 4);
}
