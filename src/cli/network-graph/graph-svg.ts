import type { GraphContainer, GraphNetwork, NetworkGraph } from "./network-graph.ts";

const ROW = 64;
const GAP = 24;
const WIDTH = { network: 240, container: 220, port: 200 } as const;
const LEFT = { network: 24, container: 384, port: 696 } as const;
const COLOURS = [
  "#2563eb",
  "#059669",
  "#d97706",
  "#db2777",
  "#7c3aed",
  "#0891b2",
  "#65a30d",
  "#dc2626",
];

const escapeXml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

/** A drawing of its own: networks to the left, containers in the middle, published ports to the right. */
export function graphSvg(graph: NetworkGraph): string {
  const networks = graph.networks.filter(({ endpoints }) => endpoints.length > 0);
  const { containers } = graph;
  const rows = Math.max(networks.length, containers.length, 1);
  const height = rows * (ROW + GAP) + GAP;
  const centre = (index: number, count: number): number =>
    (height - count * (ROW + GAP) + GAP) / 2 + index * (ROW + GAP) + ROW / 2;
  const networkAt = new Map(
    networks.map(({ name }, index) => [name, centre(index, networks.length)]),
  );
  const containerAt = new Map(
    containers.map(({ name }, index) => [name, centre(index, containers.length)]),
  );
  const colour = (index: number): string => COLOURS[index % COLOURS.length] ?? "#2563eb";
  const body = [
    ...networks.flatMap((network, index) => wires(network, networkAt, containerAt, colour(index))),
    ...networks.map((network, index) =>
      networkBox(network, networkAt.get(network.name) ?? 0, colour(index)),
    ),
    ...containers.map((container) => containerBox(container, containerAt.get(container.name) ?? 0)),
    ...containers.flatMap((container) =>
      portLabels(container, containerAt.get(container.name) ?? 0),
    ),
  ];
  const width = LEFT.port + WIDTH.port + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}

function wires(
  { name, endpoints }: GraphNetwork,
  networkAt: ReadonlyMap<string, number>,
  containerAt: ReadonlyMap<string, number>,
  colour: string,
): string[] {
  const from = { x: LEFT.network + WIDTH.network, y: networkAt.get(name) ?? 0 };
  return endpoints.map(({ container, running }) => {
    const to = { x: LEFT.container, y: containerAt.get(container) ?? 0 };
    const middle = (from.x + to.x) / 2;
    const dash = running ? "" : ' stroke-dasharray="4 4"';
    return `<path d="M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}" fill="none" stroke="${colour}" stroke-width="2" opacity="0.75"${dash}/>`;
  });
}

function networkBox(
  { name, driver, subnets, internal }: GraphNetwork,
  y: number,
  colour: string,
): string {
  const facts = [driver, ...(internal ? ["internal"] : []), ...subnets.slice(0, 1)].join(" · ");
  return box(
    LEFT.network,
    y,
    WIDTH.network,
    { stroke: colour, fill: `${colour}14`, radius: ROW / 2 },
    name,
    facts,
  );
}

function containerBox({ name, running }: GraphContainer, y: number): string {
  const look = { stroke: running ? "#334155" : "#94a3b8", fill: "#f8fafc", radius: 8 };
  return box(LEFT.container, y, WIDTH.container, look, name, running ? "running" : "not running");
}

function box(
  x: number,
  y: number,
  width: number,
  look: { stroke: string; fill: string; radius: number },
  title: string,
  facts: string,
): string {
  const shown = title.length > 26 ? `${title.slice(0, 25)}…` : title;
  return [
    `<rect x="${x}" y="${y - ROW / 2}" width="${width}" height="${ROW}" rx="${look.radius}" fill="${look.fill}" stroke="${look.stroke}" stroke-width="1.5"/>`,
    `<text x="${x + width / 2}" y="${y - 4}" text-anchor="middle" font-weight="600" fill="#0f172a">${escapeXml(shown)}</text>`,
    `<text x="${x + width / 2}" y="${y + 16}" text-anchor="middle" font-size="11" fill="#64748b">${escapeXml(facts)}</text>`,
  ].join("\n");
}

function portLabels({ ports }: GraphContainer, y: number): string[] {
  const shown = ports.length > 4 ? [...ports.slice(0, 3), `… ${ports.length - 3} more`] : ports;
  const from = LEFT.container + WIDTH.container;
  return shown.map((port, index) => {
    const at = y + (index - (shown.length - 1) / 2) * 16;
    return [
      `<path d="M${from} ${y}C${from + 40} ${y} ${LEFT.port - 48} ${at} ${LEFT.port - 8} ${at}" fill="none" stroke="#94a3b8"/>`,
      `<text x="${LEFT.port}" y="${at + 4}" font-size="12" fill="#334155">${escapeXml(port)}</text>`,
    ].join("\n");
  });
}
