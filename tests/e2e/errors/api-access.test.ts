/** Who may do what over which socket. */
import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import * as pem from "../../../src/server/testing/certificates.ts";
import { BERTH, must, run } from "../../harness/daemon.ts";
import { COMMAND_LINES, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const free = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    server.close(() => resolve(port));
  });
});
const sockets = `/tmp/be2e-sockets-${process.pid}`;
const suite = useDaemon(
  ...["-H", `tcp://0.0.0.0:${free}`, "--tcp-without-certificates"],
  ...["--api-socket", `${sockets}-read.sock,role=read`],
  ...["--api-socket", `${sockets}-operate.sock,role=operate`],
);

for (const name of COMMAND_LINES) {
  test(`${name}: looks and no more on a socket for reading`, async () => {
    must(await suite.daemon[name]("run", "-d", "--name", `seen-${name}`, "busybox", "sleep", "99"));
    const ask = (role: string, ...words: string[]) =>
      run([name === "berth" ? BERTH : name, "-H", `unix://${sockets}-${role}.sock`, ...words]);
    for (const line of ["ps", "images", "info", `inspect seen-${name}`, `logs seen-${name}`]) {
      must(await ask("read", ...line.split(" ")));
    }
    const refused = [
      `run --rm busybox true`,
      `stop seen-${name}`,
      `exec seen-${name} true`,
      `cp seen-${name}:/etc/passwd -`,
      "volume create x",
      "network create x",
      "image rm busybox",
      "system prune -f",
    ];
    for (const line of refused) {
      const { code, stderr } = await ask("read", ...line.split(" "));
      expect([line, code === 0, /needs the role/.test(stderr)]).toEqual([line, false, true]);
    }
    must(await ask("operate", "stop", "-t", "0", `seen-${name}`));
    must(await ask("operate", "start", `seen-${name}`));
    expect((await ask("operate", "rm", "-f", `seen-${name}`)).stderr).toContain("needs the role");
    must(await suite.daemon[name]("rm", "-f", `seen-${name}`));
  });
}

test("a container does not reach the API over tcp, its host does", async () => {
  const gateway = must(
    await suite.daemon.berth(
      "network",
      "inspect",
      "-f",
      "{{(index .IPAM.Config 0).Gateway}}",
      "bridge",
    ),
  ).stdout.trim();
  const url = `http://${gateway}:${free}/_ping`;
  // The bridge's address is there once a container is.
  must(await suite.daemon.berth("run", "-d", "--name", "there", "busybox", "sleep", "99"));
  expect(await (await fetch(url)).text()).toBe("OK");
  const inside = await suite.daemon.berth("exec", "there", "wget", "-T", "3", "-qO-", url);
  expect(inside.code).not.toBe(0);
  expect(inside.stdout).toBe("");
  must(await suite.daemon.berth("rm", "-f", "there"));
});

test("tcp without clients' certificates is refused unless it is asked for in words", async () => {
  const root = suite.daemon.root;
  const files = { cert: pem.serverCertificate, key: pem.serverKey };
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
  const keys = ["--tlscert", join(root, "cert"), "--tlskey", join(root, "key")];
  for (const flags of [[], ["--tls", ...keys]]) {
    const places = ["--data-root", join(root, "other"), "--exec-root", join(root, "otherx")];
    const words = [BERTH, "daemon", ...places, "-H", "tcp://127.0.0.1:0", ...flags];
    const { code, stderr } = await run(words, { timeout: 10_000 });
    expect(code).toBe(1);
    expect(stderr).toContain("whoever reaches it would be root here");
  }
  expect(await readFile(join(root, "daemon.log"), "utf8")).toContain("without certificates");
});

hostStaysClean(suite);
