import { writeFileSync } from "node:fs";
import { CliError } from "../../cli-error.ts";
import { between, defineCommand } from "../../command.ts";
import { ContextStore, checkContextName } from "../../connection/context-store.ts";
import { isTerminal } from "../../terminal/is-terminal.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTEXT [FILE|-]",
  description: "Export a context to a tar archive FILE or a tar stream on STDOUT.",
  args: between(1, 2),
  flags: {},
  run: async ({ args, context }) => {
    const [name = "", target = `${name}.dockercontext`] = args;
    const store = new ContextStore(context.configDirectory);
    checkContextName(name);
    const metadata = store.read(name);
    const files = Object.entries(store.readTls(name)).map(
      ([file, content]) => [`tls/docker/${file}`, content] as const,
    );
    const archive = new Bun.Archive({
      "meta.json": JSON.stringify(metadata),
      ...Object.fromEntries(files),
    });
    const bytes = await archive.bytes();
    if (target === "-") {
      if (isTerminal(context.stdout.fd)) {
        throw new CliError("cowardly refusing to export to a terminal, specify a file path");
      }
      await context.stdout.send(bytes);
      return undefined;
    }
    try {
      // A key may be in it.
      writeFileSync(target, bytes, { flag: "wx", mode: 0o600 });
    } catch (error) {
      const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
      throw exists ? new CliError(`open ${target}: file exists`) : error;
    }
    context.stderr.line(`Written file "${target}"`);
    return undefined;
  },
});
