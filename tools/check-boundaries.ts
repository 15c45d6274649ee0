/**
 * Enforces the architecture: a folder under `src/` imports only what stands above it, and no files
 * import each other in a circle. Type-only imports count for the former, not for the latter.
 */

import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

/** Domain → the domains that it may import. The order is the order of dependence. */
const ALLOWED: Record<string, readonly string[]> = {
  spec: [],
  linux: ["spec"],
  archive: ["spec", "linux"],
  logs: ["spec", "linux"],
  store: ["spec", "linux", "archive"],
  distribution: ["spec", "store"],
  registry: ["spec", "linux", "distribution"],
  runtime: ["spec", "linux"],
  supervisor: ["spec", "linux", "logs"],
  cluster: ["spec"],
  network: ["spec", "linux", "store", "cluster"],
  build: ["spec", "linux", "archive", "store", "distribution", "runtime"],
  engine: [
    "spec",
    "linux",
    "archive",
    "logs",
    "store",
    "distribution",
    "runtime",
    "supervisor",
    "network",
    "build",
  ],
  server: ["spec"],
  client: ["spec"],
  cli: ["spec", "client"],
  compose: ["spec", "client", "cli"],
  testing: ["spec", "client"],
  dashboard: ["spec", "client"],
};

const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?["'](\.[^"']+)["']/gm;
const LAZY_IMPORT = /\bimport\(\s*["'](\.[^"']+)["']\s*\)/g;

interface Edge {
  from: string;
  to: string;
  circular: boolean;
}

async function readEdges(root: string): Promise<Edge[]> {
  const edges: Edge[] = [];
  for await (const file of new Glob("{src,cmd}/**/*.{ts,tsx}").scan({ cwd: root })) {
    const text = await Bun.file(join(root, file)).text();
    const resolve = (specifier: string) => normalize(join(dirname(file), specifier));
    for (const [, typeOnly, specifier] of text.matchAll(IMPORT)) {
      if (specifier !== undefined) {
        edges.push({ from: file, to: resolve(specifier), circular: typeOnly === undefined });
      }
    }
    for (const [, specifier] of text.matchAll(LAZY_IMPORT)) {
      if (specifier !== undefined)
        edges.push({ from: file, to: resolve(specifier), circular: false });
    }
  }
  return edges;
}

const domainOf = (file: string): string | undefined => /^src\/([^/]+)\//.exec(file)?.[1];

function forbidden(edges: readonly Edge[]): string[] {
  const complaints: string[] = [];
  for (const { from, to } of edges) {
    const source = domainOf(from);
    const target = domainOf(to);
    if (source === undefined || target === undefined || source === target) continue;
    if (from.endsWith(".test.ts")) continue;
    if (!ALLOWED[source]?.includes(target)) {
      complaints.push(`${from} imports ${to}: ${source}/ must not know ${target}/`);
    }
  }
  return complaints;
}

function circles(edges: readonly Edge[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, circular } of edges) {
    if (circular) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const finished = new Set<string>();
  const complaints: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      complaints.push(`circle: ${[...path.slice(start), file].join(" → ")}`);
      return;
    }
    if (finished.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...path, file]);
    finished.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return complaints;
}

async function ffiOutsideLinux(root: string): Promise<string[]> {
  const complaints: string[] = [];
  for await (const file of new Glob("{src,cmd}/**/*.ts").scan({ cwd: root })) {
    if (file.startsWith("src/linux/")) continue;
    if ((await Bun.file(join(root, file)).text()).includes('"bun:ffi"')) {
      complaints.push(`${file} imports bun:ffi: only src/linux/ reaches the kernel`);
    }
  }
  return complaints;
}

const root = join(import.meta.dir, "..");
const edges = await readEdges(root);
const complaints = [...forbidden(edges), ...circles(edges), ...(await ffiOutsideLinux(root))];
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exit(1);
console.log(`boundaries: ${edges.length} imports, none out of place`);
