import type { NetworkGraph } from "./network-graph.ts";

const quote = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** For Graphviz: networks as ellipses, containers as boxes, published ports from the outside. */
export function graphDot({ networks, containers }: NetworkGraph): string {
  const lines = ["graph networks {", "  rankdir=LR;", '  node [fontname="sans-serif"];'];
  for (const { name, driver, subnets } of networks) {
    const label = [name, driver, ...subnets].join("\\n");
    lines.push(
      `  ${quote(`net:${name}`)} [shape=ellipse, label=${quote(label).replaceAll("\\\\n", "\\n")}];`,
    );
  }
  for (const { name, running } of containers) {
    const style = running ? "rounded" : "rounded,dashed";
    lines.push(`  ${quote(name)} [shape=box, style=${quote(style)}];`);
  }
  for (const { name, endpoints } of networks) {
    for (const { container, addresses } of endpoints) {
      lines.push(
        `  ${quote(`net:${name}`)} -- ${quote(container)} [label=${quote(addresses[0] ?? "")}];`,
      );
    }
  }
  const published = containers.filter(({ ports }) => ports.length > 0);
  if (published.length > 0) lines.push('  "outside" [shape=plaintext];');
  for (const { name, ports } of published) {
    for (const port of ports) lines.push(`  ${quote(name)} -- "outside" [label=${quote(port)}];`);
  }
  return `${[...lines, "}"].join("\n")}\n`;
}
