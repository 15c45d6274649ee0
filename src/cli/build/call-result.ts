import { CliError } from "../cli-error.ts";
import { alignTabs } from "../format/tab-writer.ts";

const METHODS = ["build", "check", "outline", "targets"] as const;

/** `--call`: what is asked of a Dockerfile, and whether the answer is for a program. */
export interface Call {
  readonly method: (typeof METHODS)[number];
  readonly json: boolean;
}

/** `--call=outline,format=json`; `--check` is short for `--call=check`. */
export function readCall(values: { readonly call: string; readonly check: boolean }): Call {
  const [word = "", ...options] = values.call.split(",");
  const known = METHODS.find((each) => each === (word === "lint" ? "check" : word));
  if (known === undefined) {
    throw new CliError(`unknown method "${word}" of --call: ${METHODS.join(", ")}`);
  }
  let json = false;
  for (const option of options) {
    if (option !== "format=json" && option !== "format=text") {
      throw new CliError(`unknown option "${option}" of --call: format=json or format=text`);
    }
    json = option === "format=json";
  }
  return { method: values.check ? "check" : known, json };
}

/** Every row ends in a line's end. */
const tabulate = (rows: readonly (readonly string[])[], padding: number): string =>
  alignTabs(rows.map((cells) => `${cells.join("\t")}\n`).join(""), { minWidth: 0, padding });

interface Described {
  readonly name?: string;
  readonly description?: string;
  readonly default?: boolean;
  readonly value?: string;
  readonly required?: boolean;
}

interface Outline extends Described {
  readonly args?: readonly Described[];
  readonly secrets?: readonly Described[];
  readonly ssh?: readonly Described[];
}

/** An answer in columns, as buildx shows it. */
export function callText(method: "outline" | "targets", answer: unknown): string {
  if (method === "outline") return outlineText(answer as Outline);
  const { targets } = answer as { targets: readonly Described[] };
  const rows = targets.map(({ name, default: isDefault, description = "" }) => {
    const mark = isDefault === true ? "(default)" : "";
    return [[name, mark].filter(Boolean).join(" "), description];
  });
  return tabulate([["TARGET", "DESCRIPTION"], ...rows], 1);
}

function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const head =
    name === undefined && description === undefined
      ? []
      : [
          ["TARGET:", name ?? "(default)"],
          ...(description === undefined ? [] : [["DESCRIPTION:", description]]),
        ];
  const needed = (each: Described) => [each.name ?? "", each.required === true ? "true" : ""];
  const tables = [
    head,
    table(["BUILD ARG", "VALUE", "DESCRIPTION"], args, (arg) => [
      arg.name ?? "",
      arg.value ?? "",
      arg.description ?? "",
    ]),
    table(["SECRET", "REQUIRED"], secrets, needed),
    table(["SSH", "REQUIRED"], ssh, needed),
  ];
  return tables
    .filter((rows) => rows.length > 0)
    .map((rows) => `${tabulate(rows, rows === head ? 1 : 3)}\n`)
    .join("");
}

const table = (
  heading: string[],
  rows: readonly Described[] = [],
  cells: (row: Described) => string[],
): string[][] => (rows.length === 0 ? [] : [heading, ...rows.map(cells)]);
