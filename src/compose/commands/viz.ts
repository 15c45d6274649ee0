import { defineCommand, noArguments } from "../../cli/command.ts";
import { bool, int } from "../../cli/flags/flag-kinds.ts";
import { loadFromFlags } from "../open-project.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Generate a graphviz graph from your compose file",
  args: noArguments,
  flags: {
    image: bool("Include service's image name in output graph"),
    "indentation-size": int("Number of tabs or spaces to use for indentation", { initial: 1 }),
    networks: bool("Include service's attached networks in output graph"),
    ports: bool("Include service's exposed ports in output graph"),
    spaces: bool("If given, space character ' ' will be used to indent"),
  },
  run: async ({ values, context }) => {
    const { project } = await loadFromFlags(context);
    const indent = (values.spaces ? " " : "\t").repeat(values["indentation-size"]);
    const lines = Object.entries(project.services).map(([name, service]) => {
      const ports = (service.ports ?? []).map(
        ({ published = "", target }) => `${published}:${target}`,
      );
      const parts = [
        `<tr><td><b>${name}</b></td></tr>`,
        ...(values.networks
          ? Object.keys(service.networks ?? {}).map((network) => `<tr><td>${network}</td></tr>`)
          : []),
        ...(values.ports ? ports.map((port) => `<tr><td>${port}</td></tr>`) : []),
        ...(values.image ? [`<tr><td><b>${service.image ?? ""}</b></td></tr>`] : []),
      ];
      return `${indent}${JSON.stringify(name)} [style="filled" label=<<table border="0">${parts.join("")}</table>>];`;
    });
    const edges = Object.entries(project.services).flatMap(([name, { depends_on: others = {} }]) =>
      Object.keys(others).map(
        (other) => `${indent}${JSON.stringify(name)} -> ${JSON.stringify(other)};`,
      ),
    );
    const head = [`digraph ${JSON.stringify(project.name)} {`, `${indent}layout=dot;`];
    context.stdout.write(`${[...head, ...lines, ...edges, "}"].join("\n")}\n`);
    return 0;
  },
});
