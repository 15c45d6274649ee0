import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openSshTunnel, sshCommand } from "./ssh-tunnel.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-ssh-test-"));
const leftovers = [directory];
const oldPath = process.env["PATH"];
afterAll(() => {
  process.env["PATH"] = oldPath;
  for (const each of leftovers) rmSync(each, { recursive: true, force: true });
});

test("sshCommand(): user, port, socket, and nothing that could become an option", () => {
  expect(sshCommand("ssh://me@far:2200").slice(3, -1)).toEqual([
    ...["-T", "-l", "me", "-p", "2200", "--", "far"],
  ]);
  expect(sshCommand("ssh://far").at(-1)).toContain("exec docker system dial-stdio");
  expect(sshCommand("ssh://far/run/o'x.sock").at(-1)).toContain(
    `berth -H 'unix:///run/o'\\''x.sock' system dial-stdio`,
  );
  expect(sshCommand("ssh://-oProxyCommand=x@far")).toContain("-l");
});

test.each([
  ["ssh://", "no host specified"],
  ["ssh://me:secret@far", "plain-text password is not supported"],
  ["ssh://far?x=1", "extra query"],
])("sshCommand(%s) is refused", (address, why) => {
  expect(() => sshCommand(address)).toThrow(why);
});

test("openSshTunnel() passes requests both ways, one ssh each", async () => {
  const socket = join(directory, "daemon.sock");
  const server = Bun.serve({
    unix: socket,
    fetch: async (request) => new Response(`got ${(await request.text()).length}`),
  });
  // An ssh that runs its last word here, and a berth over there that is a bare pipe to the socket.
  writeFileSync(
    join(directory, "ssh"),
    `#!/bin/sh\necho x >> ${directory}/calls\nfor last; do :; done\nexec sh -c "$last"\n`,
  );
  const bun = process.execPath;
  const dial = join(import.meta.dir, "../testing/pipe-to-socket.ts");
  writeFileSync(join(directory, "berth"), `#!/bin/sh\nexec ${bun} ${dial} ${socket}\n`);
  for (const name of ["ssh", "berth"]) chmodSync(join(directory, name), 0o755);
  process.env["PATH"] = `${directory}:${oldPath}`;
  const host = await openSshTunnel(`ssh://far${socket}`);
  const unix = host.replace("unix://", "");
  // Its own clean-up comes with the end of the process, which the runner cuts short.
  leftovers.push(dirname(unix));
  const body = "x".repeat(3_000_000);
  const answers = await Promise.all(
    [1, 2].map(async () => (await fetch("http://x/", { unix, method: "POST", body })).text()),
  );
  expect(answers).toEqual(["got 3000000", "got 3000000"]);
  expect(readFileSync(join(directory, "calls"), "utf8")).toBe("x\nx\n");
  await server.stop(true);
}, 20_000);
