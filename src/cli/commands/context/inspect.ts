import { CliError } from "../../cli-error.ts";
import type { ArgumentRule, CommandContext } from "../../command.ts";
import { defineCommand } from "../../command.ts";
import { ContextStore, DEFAULT_CONTEXT } from "../../connection/context-store.ts";
import { string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type Inspected, printInspected } from "../../format/inspect-format.ts";
import { currentContext, defaultHost } from "./current-context.ts";

const anyNumber: ArgumentRule = () => {};

export const command = defineCommand({
  usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
  description: "Display detailed information on one or more contexts",
  args: anyNumber,
  flags: { format: string(OBJECT_FORMAT_USAGE, { short: "f" }) },
  run: async ({ values, args, context }) => {
    const store = new ContextStore(context.configDirectory);
    const names = args.length === 0 ? [await currentContext(context)] : args;
    const results = names.map((name): Inspected => {
      try {
        return { value: describe(name, store, context) };
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        return { missing: error.message };
      }
    });
    return printInspected(context.stdout, results, values.format);
  },
});

const IN_MEMORY = "<IN MEMORY>";

function describe(name: string, store: ContextStore, context: CommandContext): object {
  if (name === DEFAULT_CONTEXT) {
    return {
      Name: name,
      Metadata: {},
      Endpoints: { docker: { Host: defaultHost(context), SkipTLSVerify: false } },
      TLSMaterial: {},
      Storage: { MetadataPath: IN_MEMORY, TLSPath: IN_MEMORY },
    };
  }
  const files = Object.keys(store.readTls(name)).sort();
  return {
    ...store.read(name),
    TLSMaterial: files.length === 0 ? {} : { docker: files },
    Storage: { MetadataPath: store.metadataPath(name), TLSPath: store.tlsPath(name) },
  };
}
