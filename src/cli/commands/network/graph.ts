import { CliError } from "../../cli-error.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { readGraph } from "../../network-graph/network-graph.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [NETWORK...]",
  description: "Draw networks, the containers in them and the ports that lead there",
  args: () => {},
  flags: {
    format: string('Format of the drawing ("text", "dot" for Graphviz, "svg")', {
      initial: "text",
    }),
  },
  run: async ({ values, args, context }) => {
    const { format } = values;
    if (!["text", "dot", "svg"].includes(format)) {
      throw new CliError(`unknown format "${format}": use text, dot or svg`);
    }
    const graph = await readGraph(await context.client(), args);
    if (format === "dot") {
      context.stdout.write((await import("../../network-graph/graph-dot.ts")).graphDot(graph));
    } else if (format === "svg") {
      context.stdout.write((await import("../../network-graph/graph-svg.ts")).graphSvg(graph));
    } else
      context.stdout.write((await import("../../network-graph/graph-text.ts")).graphText(graph));
    return undefined;
  },
});
