import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand, exactly } from "../../command.ts";
import { COMMAND_TREE } from "../../command-tree.ts";
import { manPage, pageSources } from "../../help/man-page.ts";

export const command = defineCommand({
  usage: "DIRECTORY",
  description:
    "Write a manual page for every command into a directory\n\n  berth generate man /usr/local/share/man/man1",
  args: exactly(1),
  flags: {},
  run: async ({ args, context }) => {
    const [directory = ""] = args;
    mkdirSync(directory, { recursive: true });
    const sources = await pageSources(COMMAND_TREE, "berth");
    for (const source of sources) {
      const file = `${source.path.replaceAll(" ", "-")}.1`;
      writeFileSync(join(directory, file), manPage(source));
    }
    context.stdout.line(`${sources.length} pages in ${directory}`);
    return undefined;
  },
});
