import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyCommand } from "./command.ts";
import type { CommandNode } from "./command-node.ts";
import { COMMAND_TREE } from "./command-tree.ts";
import { capturedRun } from "./testing/captured-run.ts";

const FLAG_ERROR = 125;

/** A daemon that counts whoever comes. */
async function withDaemon(body: (host: string, calls: string[], home: string) => Promise<void>) {
  const home = mkdtempSync(join(tmpdir(), "berth-flags-"));
  const calls: string[] = [];
  const server = Bun.serve({
    unix: join(home, "sock"),
    fetch: (request) => {
      calls.push(`${request.method} ${new URL(request.url).pathname}`);
      return Response.json({ message: "not here" }, { status: 404 });
    },
  });
  try {
    await body(`unix://${join(home, "sock")}`, calls, home);
  } finally {
    await server.stop(true);
    rmSync(home, { recursive: true, force: true });
  }
}

const run = (host: string, home: string, argv: readonly string[]) =>
  capturedRun(argv, { HOME: home, BERTH_HOST: host });

interface Leaf {
  path: string[];
  command: AnyCommand;
}

async function leaves(nodes: readonly CommandNode[], path: string[] = []): Promise<Leaf[]> {
  const found: Leaf[] = [];
  for (const node of nodes) {
    const here = [...path, node.name];
    if (node.load !== undefined) found.push({ path: here, command: (await node.load()).command });
    found.push(...(await leaves(node.children ?? [], here)));
  }
  return found;
}

/** Values that no flag of the type takes. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  "": ["maybe", "", "2"],
  int: ["", "x", "1.5", "99999999999999999999", "0x", "- 1"],
  uint: ["", "x", "-1", "99999999999999999999"],
  uint16: ["", "-1", "65536", "x"],
  uint32: ["", "-1", "4294967296", "x"],
  duration: ["", "x", "1", "1y", "99999999999999h"],
  bytes: ["", "x", "-", "1zz", "1e"],
  decimal: ["", "x", "1/0", "1.0000000001"],
  filter: ["x"],
};

test("every flag of every command: unknown, without a value, of a wrong type", async () => {
  await withDaemon(async (host, calls, home) => {
    let tried = 0;
    const all = await leaves(COMMAND_TREE);
    for (const { path, command } of all) {
      const unknown = await run(host, home, [...path, "--no-such-flag"]);
      expect({ path, ...unknown }).toMatchObject({ path, code: FLAG_ERROR, out: "" });
      expect(unknown.err).toStartWith("unknown flag: --no-such-flag\n");
      for (const [name, flag] of Object.entries(command.flags)) {
        if (flag.impliedText === undefined) {
          const bare = await run(host, home, [...path, `--${name}`]);
          expect({ path, name, ...bare }).toMatchObject({ path, name, code: FLAG_ERROR, out: "" });
          expect(bare.err).toStartWith(`flag needs an argument: --${name}\n`);
        }
        for (const value of WRONG[flag.type] ?? []) {
          const wrong = await run(host, home, [...path, `--${name}=${value}`]);
          tried += 1;
          expect({ path, name, value, code: wrong.code, out: wrong.out }).toEqual({
            ...{ path, name, value, code: FLAG_ERROR, out: "" },
          });
          expect(wrong.err).toStartWith(`invalid argument ${JSON.stringify(value)} for "`);
        }
      }
    }
    expect(tried).toBeGreaterThan(1000);
    expect(calls).toEqual([]);
    expect(readdirSync(home)).toEqual(["sock"]);
  });
}, 60_000);

const STRANGE = [
  "",
  "-1",
  "=",
  ":",
  ",",
  "::::",
  "\u0000",
  "ü=ü,,=",
  "x".repeat(70_000),
  "{{",
  "../..",
  "a=b=c:d/e",
];

test("every flag of run and create with strange texts: words, no crash, nothing created", async () => {
  await withDaemon(async (host, calls, home) => {
    for (const { path, command } of await leaves(COMMAND_TREE)) {
      if (!["run", "create"].includes(path.at(-1) ?? "") || path.length > 1) continue;
      for (const [name, flag] of Object.entries(command.flags)) {
        if (flag.impliedText !== undefined) continue;
        for (const value of STRANGE) {
          const id = join(home, "never");
          const { code, err } = await run(host, home, [
            ...path,
            `--${name}=${value}`,
            "--cidfile",
            id,
            "image",
          ]);
          expect({ name, value, refused: code === 1 || code === FLAG_ERROR }).toMatchObject({
            refused: true,
          });
          expect(err).not.toMatch(
            /TypeError|RangeError|is not a function|\[object|undefined|\.ts:\d/,
          );
        }
      }
    }
    const posts = calls.filter((call) => !/^GET |^HEAD |create$/.test(call));
    expect(posts.filter((call) => !/\/images\/create$/.test(call))).toEqual([]);
  });
}, 60_000);
