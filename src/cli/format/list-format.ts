import { CliError } from "../cli-error.ts";
import type { Output } from "../output.ts";
import { alignTabs } from "./tab-writer.ts";

/** One line of a list as templates see it: fields, and methods that templates may call. */
export type Row = Record<string, unknown>;

/** How a kind of list prints: `docker ps`, `docker images`. */
export interface ListSpec<Item> {
  /** Go's name for the row, which errors of templates show. */
  readonly typeName: string;
  /** Field → heading; all fields that a template may name in a table. */
  readonly headings: Readonly<Record<string, string>>;
  /** Fields of the table that is printed without `--format`. */
  readonly columns: readonly string[];
  /** The template that `--format raw` stands for. */
  readonly raw?: string;
  row(item: Item): Row;
}

export interface ListOptions {
  /** `--format`, or what the configuration file says; empty: a table. */
  format: string;
  /** Only this field: `--quiet`. */
  quietField?: string;
}

/** Prints a list as `--format` and `--quiet` want it. Throws `CliError` for a wrong template. */
export async function printList<Item>(
  output: Output,
  spec: ListSpec<Item>,
  items: readonly Item[],
  options: ListOptions,
): Promise<void> {
  output.write(await formatList(spec, items, options));
}

export async function formatList<Item>(
  spec: ListSpec<Item>,
  items: readonly Item[],
  { format, quietField }: ListOptions,
): Promise<string> {
  if (format === "" || format === "table") {
    const rows = items.map((item) => spec.row(item));
    if (quietField !== undefined) {
      return rows.map((row) => `${String(row[quietField])}\n`).join("");
    }
    return alignTabs(tableText(spec, rows));
  }
  const { formatWithTemplate } = await import("./template-list.ts");
  try {
    return formatWithTemplate(spec, items, format, quietField);
  } catch (error) {
    throw templateFailure(error);
  }
}

/** A template's mistake as it is reported; other failures as they are. */
export function templateFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "TemplateError") return error;
  // Errors of execution name the place, those of parsing only the line.
  const phase = error.message.includes(": executing ") ? "execute" : "parse";
  return new CliError(`failed to ${phase} template: ${error.message}`, 1, { cause: error });
}

function tableText<Item>(spec: ListSpec<Item>, rows: readonly Row[]): string {
  const heading = spec.columns.map((column) => spec.headings[column] ?? "");
  const lines = rows.map((row) => spec.columns.map((column) => String(row[column] ?? "")));
  return [heading, ...lines].map((cells) => `${cells.join("\t")}\n`).join("");
}
