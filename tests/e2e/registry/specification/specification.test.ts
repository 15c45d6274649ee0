import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BerthRegistry } from "../../../harness/berth-registry.ts";
import { BERTH, must, run } from "../../../harness/daemon.ts";
import { TestRegistry } from "../../../harness/registry.ts";
import { accessCases } from "./access-cases.ts";
import { prepare } from "./content.ts";
import { discoveryCases } from "./discovery-cases.ts";
import { ENDPOINTS, ERROR_CODES } from "./endpoints.ts";
import { type Case, play, type ServerName } from "./exchange.ts";
import { manifestCases } from "./manifest-cases.ts";
import { pullCases } from "./pull-cases.ts";
import { pushCases } from "./push-cases.ts";

const cases: readonly Case[] = [
  ...pullCases,
  ...pushCases,
  ...manifestCases,
  ...discoveryCases,
  ...accessCases,
];

const rules = [
  { users: ["anna"], actions: ["pull", "push", "delete"] },
  { users: ["rita"], actions: ["pull"] },
];

/** What each server's settings add; those with users serve the root of the open one. */
async function settingsOf(directory: string, open: BerthRegistry) {
  const htpasswd = join(directory, "htpasswd");
  const lines: string[] = [];
  for (const [user, stdin] of [
    ["anna", "s3cret"],
    ["rita", "reads"],
  ] as const) {
    lines.push(must(await run([BERTH, "registry", "passwd", user], { stdin })).stdout);
  }
  await writeFile(htpasswd, lines.join(""));
  const { root } = open;
  return {
    small: { maxBlobSize: 1000, maxManifestSize: 2000 },
    crowded: { maxUploads: 2 },
    users: { root, auth: { htpasswd, rules } },
    tokens: { root, auth: { htpasswd, rules, tokens: {} } },
    frozen: { root, readOnly: true },
    cache: { upstreams: [{ prefix: "up", registry: open.address }] },
    full: { quotas: [{ namespace: "spec", bytes: 0 }] },
  } satisfies Record<Exclude<ServerName, "open">, object>;
}

let directory: string;
const servers = new Map<ServerName, BerthRegistry>();
let debian: TestRegistry;
beforeAll(async () => {
  directory = await mkdtemp("/tmp/be2e-specification-");
  debian = await TestRegistry.start();
  const open = await BerthRegistry.start();
  servers.set("open", open);
  for (const base of [open.address, debian.address]) await prepare(`http://${base}`);
  const settings = Object.entries(await settingsOf(directory, open));
  // One by one: each looks for a free port.
  for (const [name, values] of settings) {
    servers.set(name as ServerName, await BerthRegistry.start(values));
  }
}, 60_000);
afterAll(async () => {
  await Promise.all([debian, ...servers.values()].map((server) => server.stop()));
  await rm(directory, { recursive: true, force: true });
});

const titled = (list: readonly Case[]) =>
  list.map((entry) => [entry.endpoint, entry.title, entry] as const);

describe("berth registry serve", () => {
  test.each(titled(cases))("%s: %s", async (_, __, entry) => {
    await play(`http://${servers.get(entry.server ?? "open")?.address}`, entry);
  });
});

/** The same table at another registry shows that it asks for what is usual. */
describe("Debian's docker-registry", () => {
  const common = cases.filter(({ server, onlyHere }) => (server ?? onlyHere) === undefined);
  test.each(titled(common))("%s: %s", async (_, __, entry) => {
    await play(`http://${debian.address}`, entry);
  });
});

describe("the table", () => {
  const shown = (endpoint: string) =>
    cases.filter((entry) => entry.endpoint === endpoint).flatMap(({ exchanges }) => exchanges);

  test.each(ENDPOINTS.map((endpoint) => [endpoint.id, endpoint] as const))(
    "%s: each success by each method, and each refusal",
    (id, { methods, success, failure }) => {
      const exchanges = shown(id);
      for (const method of methods) {
        const statuses = exchanges
          .filter((exchange) => exchange.method === method)
          .map(({ status }) => status);
        expect(statuses).toContain(success[0] ?? 0);
      }
      const statuses = exchanges.map(({ status }) => status);
      for (const status of [...success, ...failure]) expect(statuses).toContain(status);
    },
  );

  test("each of the specification's error codes", () => {
    const codes = new Set(cases.flatMap(({ exchanges }) => exchanges.map(({ code }) => code)));
    for (const code of ERROR_CODES) expect(codes).toContain(code);
  });
});
