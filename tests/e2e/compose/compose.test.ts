import { beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must, type Output } from "../../harness/daemon.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let root = "";
beforeAll(async () => {
  root = join(suite.daemon.root, "projects");
  await mkdir(root);
});

/** A project of its own: its files, and `compose` in its directory. */
async function project(name: string, files: Record<string, string>) {
  const directory = join(root, name);
  await mkdir(join(directory, "app"), { recursive: true });
  const write = (changed: Record<string, string>) =>
    Promise.all(
      Object.entries(changed).map(([path, text]) => writeFile(join(directory, path), text)),
    );
  await write(files);
  const compose = (...args: string[]): Promise<Output> =>
    suite.daemon.berth("compose", ...args, { cwd: directory });
  return { compose, write, directory };
}

const running = async (name: string) =>
  (
    await suite.daemon.berth("ps", "-q", "--filter", `label=com.docker.compose.project=${name}`)
  ).stdout
    .split("\n")
    .filter((id) => id !== "");

describe("berth compose", () => {
  test("an application: build, health, job, secrets, configs, ports, hooks; and nothing is left", async () => {
    const { compose } = await project("shop", {
      "app/Dockerfile": `FROM busybox\nARG GREETING\nRUN mkdir /www && echo $GREETING > /www/index.html\nCMD ["httpd","-f","-p","80","-h","/www"]\n`,
      "pw.txt": "s3cret\n",
      ".env": "TOKEN=tok3n\n",
      "compose.yaml": `
services:
  db:
    image: busybox
    command: sh -c "echo db up; exec sleep 1000"
    init: true
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    volumes: [data:/data]
    secrets: [pw, token]
    configs: [{source: conf, target: /etc/conf}]
  job:
    image: busybox
    command: sh -c "echo job done > /data/job"
    volumes: [data:/data]
    depends_on: {db: {condition: service_healthy}}
  web:
    build: {context: app, args: {GREETING: hello}}
    init: true
    depends_on: {db: {condition: service_healthy}, job: {condition: service_completed_successfully}}
    post_start: [{command: touch /hooked}]
volumes: {data: }
secrets: {pw: {file: ./pw.txt}, token: {environment: TOKEN}}
configs: {conf: {content: "inline \${TOKEN}"}}
`,
    });
    must(await compose("up", "-d", "--wait"));
    const seen = must(
      await compose(
        "exec",
        "db",
        "sh",
        "-c",
        "cat /run/secrets/pw /run/secrets/token /etc/conf /data/job",
      ),
    );
    expect(seen.stdout).toBe("s3cret\ntok3ninline tok3njob done\n");
    expect(
      must(await compose("exec", "web", "wget", "-qO-", "http://127.0.0.1/index.html")).stdout,
    ).toBe("hello\n");
    must(await compose("exec", "web", "ls", "/hooked"));
    must(await compose("exec", "web", "nslookup", "db"));
    expect(must(await compose("logs", "--no-log-prefix", "db")).stdout).toBe("db up\n");
    expect(
      must(await compose("ps", "--services"))
        .stdout.split("\n")
        .sort(),
    ).toEqual(["", "db", "web"]);
    const again = must(await compose("up", "-d"));
    expect(again.stderr).not.toMatch(/Creat|Recreat|Starting/);
    expect(
      must(await compose("run", "--rm", "--no-deps", "web", "echo", "one", "off")).stdout,
    ).toBe("one off\n");
    must(await compose("down", "-v", "--rmi", "local", "-t", "1"));
    expect(await running("shop")).toEqual([]);
    expect((await suite.daemon.berth("volume", "ls", "-q")).stdout).not.toContain("shop_");
    expect((await suite.daemon.berth("network", "ls")).stdout).not.toContain("shop_");
    expect((await suite.daemon.berth("images")).stdout).not.toContain("shop-web");
  });

  test("only what has changed is made anew; anonymous volumes follow; scale; orphans", async () => {
    const file = (a: string, more = "") => `
services:
  a: {image: busybox, init: true, command: sleep 1000, environment: {V: "${a}"}, volumes: [/anon]}
  b: {image: busybox, init: true, command: sleep 1000}
${more}`;
    const { compose, write } = await project("change", {
      "compose.yaml": file("1", "  c: {image: busybox, init: true, command: sleep 1000}\n"),
    });
    must(await compose("up", "-d", "--scale", "b=2"));
    expect((await running("change")).length).toBe(4);
    must(await compose("exec", "a", "touch", "/anon/kept"));
    await write({ "compose.yaml": file("2") });
    const { stderr } = must(await compose("up", "-d", "-t", "1"));
    expect(stderr).toContain("Container change-a-1  Recreated");
    expect(stderr).toContain("Container change-b-1  Running");
    expect(stderr).toContain("Found orphan containers ([change-c-1])");
    expect(must(await compose("exec", "a", "sh", "-c", "ls /anon; echo $V")).stdout).toBe(
      "kept\n2\n",
    );
    expect((await running("change")).length).toBe(3);
    must(await compose("up", "-d", "--remove-orphans", "-t", "1"));
    expect((await running("change")).length).toBe(2);
    must(await compose("down", "-v", "-t", "1"));
  });

  test("a dependency that fails, fails those who wait, at once and by name", async () => {
    const { compose } = await project("fails", {
      "compose.yaml": `
services:
  sick: {image: busybox, command: sh -c "exit 3"}
  waits: {image: busybox, command: sleep 1000, depends_on: {sick: {condition: service_completed_successfully}}}
  ill: {image: busybox, init: true, command: sleep 1000, healthcheck: {test: [CMD, "false"], interval: 100ms, retries: 1}}
  hopes: {image: busybox, command: sleep 1000, depends_on: {ill: {condition: service_healthy}}}
`,
    });
    const job = await compose("up", "-d", "waits");
    expect(job.code).toBe(1);
    expect(job.stderr).toContain(
      `service "sick" didn't complete successfully: exit 3 (wanted by "waits")`,
    );
    const health = await compose("up", "-d", "hopes");
    expect(health.code).toBe(1);
    expect(health.stderr).toContain("container fails-ill-1 is unhealthy");
    expect(health.stderr).toContain("still running: fails-ill-1");
    must(await compose("down", "-t", "1"));
  });

  test("in the foreground: prefixed lines, exit codes, an end when all have ended", async () => {
    const { compose } = await project("front", {
      "compose.yaml": `
services:
  one: {image: busybox, command: sh -c "echo from one; sleep 0.3"}
  two: {image: busybox, command: sh -c "echo from two; exit 4"}
`,
    });
    const output = await compose("up");
    expect(output.code).toBe(0);
    for (const line of [
      "one-1  | from one",
      "two-1  | from two",
      "two-1 exited with code 4",
      "one-1 exited with code 0",
    ]) {
      expect(output.stdout).toContain(line);
    }
    expect((await compose("up", "--exit-code-from", "two")).code).toBe(4);
    must(await compose("down"));
  });

  test("what is refused, before anything is started", async () => {
    const { compose } = await project("wrong", {
      "compose.yaml": "services:\n  a:\n    imagee: x\n",
    });
    const output = await compose("up", "-d");
    expect(output.code).toBe(1);
    expect(output.stderr).toContain(
      'compose.yaml:3:5: services.a has no key "imagee": did you mean "image"?',
    );
    expect((await compose("exec", "nope", "true")).code).toBe(1);
  });

  test("what the engine brings back starts in the order of the file", async () => {
    const { compose } = await project("order", {
      "compose.yaml": `
services:
  db:
    image: busybox
    init: true
    restart: always
    command: sh -c "rm -f /up; sleep 0.7; touch /up; exec sleep 1000"
    healthcheck: {test: test -e /up, interval: 100ms, retries: 100}
  app: {image: busybox, init: true, restart: always, command: sleep 1000, depends_on: {db: {condition: service_healthy}}}
`,
    });
    must(await compose("up", "-d", "--wait"));
    must(await suite.daemon.berth("system", "stop", "--containers"));
    await suite.daemon.terminate();
    await suite.daemon.up();
    await eventually(
      async () =>
        (await compose("ps", "-q", "--status", "running")).stdout.split("\n").length === 3,
    );
    const started = async (service: string) => {
      const format = "{{.State.StartedAt}}";
      const id = must(await compose("ps", "-q", service)).stdout.trim();
      return Date.parse(must(await suite.daemon.berth("inspect", "-f", format, id)).stdout.trim());
    };
    expect((await started("app")) - (await started("db"))).toBeGreaterThan(700);
    must(await compose("down", "-t", "1"));
  });

  test("--dry-run says what would be done, and does nothing", async () => {
    const { compose } = await project("dry", {
      "compose.yaml": "services: {a: {image: busybox, command: sleep 1000}}\n",
    });
    expect(must(await compose("--dry-run", "up", "-d")).stderr).toContain(
      "DRY-RUN MODE -  Container dry-a-1  Created",
    );
    expect((await compose("ps", "-aq")).stdout).toBe("");
  });
});

hostStaysClean(suite);
