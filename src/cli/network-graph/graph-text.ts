import type { NetworkGraph } from "./network-graph.ts";

/** A tree: each network with its containers, and their published ports below. */
export function graphText({ networks, containers }: NetworkGraph): string {
  const ports = new Map(containers.map(({ name, ports: own }) => [name, own]));
  const lines: string[] = [];
  for (const { name, driver, subnets, internal, endpoints } of networks) {
    const facts = [driver, ...subnets, ...(internal ? ["internal"] : [])].join(", ");
    lines.push(`${name} (${facts})`);
    for (const [index, { container, running, addresses }] of endpoints.entries()) {
      const last = index === endpoints.length - 1;
      const state = running ? addresses.join(" ") : "not running";
      lines.push(`${last ? "└─" : "├─"} ${container}${state === "" ? "" : `  ${state}`}`);
      for (const port of ports.get(container) ?? []) lines.push(`${last ? " " : "│"}     ${port}`);
    }
  }
  return lines.map((line) => `${line}\n`).join("");
}
