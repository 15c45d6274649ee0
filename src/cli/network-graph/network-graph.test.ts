import { describe, expect, test } from "bun:test";
import { graphDot } from "./graph-dot.ts";
import { graphSvg } from "./graph-svg.ts";
import { graphText } from "./graph-text.ts";
import type { NetworkGraph } from "./network-graph.ts";

const graph: NetworkGraph = {
  networks: [
    {
      name: "back",
      driver: "bridge",
      subnets: ["172.19.0.0/16"],
      internal: true,
      endpoints: [
        { container: "db", running: true, addresses: ["172.19.0.2"] },
        { container: "web", running: false, addresses: [] },
      ],
    },
    { name: "none", driver: "null", subnets: [], internal: false, endpoints: [] },
  ],
  containers: [
    { name: "db", running: true, ports: ["127.0.0.1:5432 → 5432/tcp"] },
    { name: "web", running: false, ports: [] },
  ],
};

describe("a drawing of networks", () => {
  test("as text is a tree with addresses and ports", () => {
    expect(graphText(graph)).toBe(
      [
        "back (bridge, 172.19.0.0/16, internal)",
        "├─ db  172.19.0.2",
        "│     127.0.0.1:5432 → 5432/tcp",
        "└─ web  not running",
        "none (null)",
        "",
      ].join("\n"),
    );
  });

  test("as dot has a line for each endpoint and each published port", () => {
    const dot = graphDot(graph);
    expect(dot).toContain('"net:back" [shape=ellipse, label="back\\nbridge\\n172.19.0.0/16"];');
    expect(dot).toContain('"net:back" -- "db" [label="172.19.0.2"];');
    expect(dot).toContain('"db" -- "outside" [label="127.0.0.1:5432 → 5432/tcp"];');
    expect(dot).toContain('"web" [shape=box, style="rounded,dashed"];');
  });

  test("as svg shows networks with members alone, and quotes what a name may hold", () => {
    const named = structuredClone(graph);
    for (const network of named.networks) network.name = `<${network.name}>`;
    const svg = graphSvg(named);
    expect(svg).toStartWith("<svg ");
    expect(svg).toContain("&lt;back&gt;");
    expect(svg).not.toContain("<back>");
    expect(svg).not.toContain("&lt;none&gt;");
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(1);
  });
});
