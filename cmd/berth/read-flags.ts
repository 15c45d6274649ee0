import { parseArgs } from "node:util";

type Options = NonNullable<Parameters<typeof parseArgs>[0]>["options"];

/** Reads a command's flags; `--help` prints the usage and ends the process. */
export function readFlags<T extends NonNullable<Options>>(
  words: readonly string[],
  usage: string,
  options: T,
) {
  const all = { ...options, help: { type: "boolean", short: "h" } } as const;
  const { values, positionals } = parseArgs({
    args: [...words],
    options: all,
    allowPositionals: true,
  });
  if ((values as { help?: boolean }).help === true) {
    process.stdout.write(usage);
    process.exit(0);
  }
  return { values, positionals };
}
