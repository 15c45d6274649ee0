import { beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must, type Output } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let root = "";
beforeAll(async () => {
  root = join(suite.daemon.root, "projects");
  await mkdir(root);
});

/** A web server that says which version of it answers; `broken` never becomes healthy. */
const file = (version: string, health = "wget -qO- http://127.0.0.1/", more = "") => `
services:
  web:
    image: busybox
    init: true
    environment: {VERSION: "${version}"}
    command: sh -c 'mkdir /w; echo $$VERSION >/w/index.html; exec httpd -f -p 80 -h /w'
    ports: ["80"]
    healthcheck: {test: "${health}", interval: 100ms, retries: 5}
    pre_stop: [{command: sleep 0.3}]
${more}
  client: {image: busybox, init: true, command: sleep 1000}
`;

async function project(name: string, text: string) {
  const directory = join(root, name);
  await mkdir(directory);
  const write = (changed: string) => writeFile(join(directory, "compose.yaml"), changed);
  await write(text);
  const compose = (...args: string[]): Promise<Output> =>
    suite.daemon.berth("compose", ...args, { cwd: directory });
  return { compose, write };
}

/** Asks without a pause until told to stop; a new connection each time. */
function load(urls: readonly string[]) {
  const answers = new Map<string, number>();
  const failures: string[] = [];
  let over = false;
  const ask = async (url: string): Promise<void> => {
    while (!over) {
      try {
        const response = await fetch(url, { headers: { connection: "close" }, keepalive: false });
        const text = (await response.text()).trim();
        answers.set(text, (answers.get(text) ?? 0) + 1);
      } catch (error) {
        failures.push(`${url}: ${String(error)}`);
      }
    }
  };
  const asking = urls.map(ask);
  return {
    answers,
    failures,
    stop: async () => {
      over = true;
      await Promise.all(asking);
    },
  };
}

const portOf = (output: Output): string => must(output).stdout.trim().split(":").at(-1) ?? "";

describe("berth compose up --rolling", () => {
  test("no request fails, at the loopback and at the host's addresses; ports and names pass over", async () => {
    const { compose, write } = await project("roll", file("one"));
    must(await compose("up", "-d", "--wait"));
    const port = portOf(await compose("port", "web", "80"));
    const gateway = must(
      await suite.daemon.berth(
        "network",
        "inspect",
        "-f",
        "{{(index .IPAM.Config 0).Gateway}}",
        "roll_default",
      ),
    ).stdout.trim();
    const clients = load([`http://127.0.0.1:${port}/`, `http://${gateway}:${port}/`]);
    await write(file("two"));
    const { stderr } = must(await compose("up", "-d", "--rolling"));
    expect(stderr).toContain("Container roll-web-1  Rolled");
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect([...clients.answers.keys()]).toEqual(["one", "two"]);
    expect(portOf(await compose("port", "web", "80"))).toBe(port);
    const asked = await compose("exec", "client", "wget", "-qO-", "http://web/");
    expect(must(asked).stdout).toBe("two\n");
    const names = must(await compose("ps", "--format", "{{.Name}}"))
      .stdout.trim()
      .split("\n");
    expect(names.sort()).toEqual(["roll-client-1", "roll-web-1"]);
    const again = must(await compose("up", "-d", "--rolling"));
    expect(again.stderr).toContain("Container roll-web-1  Running");
    // What has passed over is there after a stop and a start, too.
    must(await compose("restart", "-t", "1", "web"));
    must(await compose("exec", "client", "wget", "-qO-", "http://web/"));
    must(await compose("down", "-t", "1"));
  });

  test("what does not become healthy goes again, and the old one was never away", async () => {
    const { compose, write } = await project("back", file("one"));
    must(await compose("up", "-d", "--wait"));
    const port = portOf(await compose("port", "web", "80"));
    const clients = load([`http://127.0.0.1:${port}/`]);
    await write(file("two", "false"));
    const output = await compose("up", "-d", "--rolling");
    await clients.stop();
    expect(output.code).toBe(1);
    expect(output.stderr).toContain("web-1  Kept the new one failed");
    expect(clients.failures).toEqual([]);
    expect([...clients.answers.keys()]).toEqual(["one"]);
    const names = must(await compose("ps", "-a", "--format", "{{.Name}}")).stdout.trim();
    expect(names.split("\n").sort()).toEqual(["back-client-1", "back-web-1"]);
    must(await compose("down", "-t", "1"));
  });

  test("a failure after the hand-over gives the place back: monitor, rollback of every replica", async () => {
    const more = `    volumes: [shared:/shared]
    deploy: {replicas: 2, update_config: {monitor: 2s, failure_action: rollback}}`;
    const { compose, write } = await project(
      "undo",
      `${file("one", "true", more)}volumes: {shared: }`,
    );
    must(await compose("up", "-d", "--wait"));
    const ports = must(await compose("ps", "--format", "{{.Publishers}}", "web")).stdout;
    // The second one of the new ones falls ill once it has taken over.
    const fate = "(mkdir /shared/first || (sleep 1; touch /ill))& exec httpd";
    const ill = file("two", "test ! -e /ill", more).replace("exec httpd", fate);
    await write(`${ill.replace("retries: 5", "retries: 1")}volumes: {shared: }`);
    const output = await compose("up", "-d", "--rolling");
    expect(output.code).toBe(1);
    expect(output.stderr).toContain("Container undo-web-1  Rolled back");
    expect(must(await compose("ps", "--format", "{{.Publishers}}", "web")).stdout).toBe(ports);
    const asked = await compose("exec", "client", "wget", "-qO-", "http://web/");
    expect(must(asked).stdout).toBe("one\n");
    must(await compose("down", "-v", "-t", "1"));
  });

  test("a service that cannot be there twice goes the ordinary way, and says so", async () => {
    const more = `    networks: {fixed: {ipv4_address: 10.213.7.9}}`;
    const networks = "\nnetworks: {fixed: {ipam: {config: [{subnet: 10.213.7.0/24}]}}}\n";
    const { compose, write } = await project("fixed", file("one", "true", more) + networks);
    must(await compose("up", "-d", "web"));
    await write(file("two", "true", more) + networks);
    const { stderr } = must(await compose("up", "-d", "--rolling", "-t", "1", "web"));
    expect(stderr).toContain(
      'service "web" is not rolled: it has a fixed address in network "fixed"',
    );
    expect(stderr).toContain("Container fixed-web-1  Recreated");
    must(await compose("down", "-t", "1"));
  });
});

hostStaysClean(suite);
