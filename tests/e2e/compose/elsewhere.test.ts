import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BERTH, must, type Output, run } from "../../harness/daemon.ts";
import { freePort, TestRegistry } from "../../harness/registry.ts";
import { eventually } from "../../harness/suite.ts";

let root = "";
let registry: TestRegistry;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "be2e-compose-"));
  registry = await TestRegistry.start();
});
afterAll(async () => {
  await registry.stop();
  await rm(root, { recursive: true, force: true });
});

async function directory(name: string, files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, name, dirname(path)), { recursive: true });
    await writeFile(join(root, name, path), text);
  }
  return join(root, name);
}

/** No engine is asked: there is none. */
const compose = (cwd: string, ...args: string[]): Promise<Output> =>
  run([BERTH, "-H", `unix://${root}/nobody.sock`, "compose", ...args], {
    cwd,
    env: { HOME: join(root, "home") },
  });

const APPLICATION = {
  "compose.yaml": `# An application
name: shop
services:
  web:
    image: busybox:1
    env_file:
      - web.env
    command: sleep \${SECONDS_UP:-100}
  job:
    extends: {file: common/base.yaml, service: job}
`,
  "over.yaml": "services:\n  web:\n    labels: {over: laid}\n",
  "web.env": "TOKEN=t\n",
  "common/base.yaml": "services:\n  job:\n    image: busybox:1\n    environment: {A: b}\n",
};

describe("berth compose publish, and oci:// where files are named", () => {
  test("what is published is what it was, elsewhere", async () => {
    const here = await directory("shop", APPLICATION);
    const files = ["-f", "compose.yaml", "-f", "over.yaml"];
    const refused = await compose(here, ...files, "publish", `${registry.address}/apps/shop:1`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('service "web" has env_file declared.');
    const target = `${registry.address}/apps/shop:1`;
    must(await compose(here, ...files, "publish", "--with-env", target));
    const response = await fetch(`http://${registry.address}/v2/apps/shop/manifests/1`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    const manifest = (await response.json()) as {
      artifactType: string;
      layers: { mediaType: string }[];
    };
    expect(manifest.artifactType).toBe("application/vnd.docker.compose.project");
    expect(manifest.layers.map(({ mediaType }) => mediaType.split(".").at(-1)).sort()).toEqual([
      "envfile",
      "file+yaml",
      "file+yaml",
      "file+yaml",
    ]);
    const wanted = must(await compose(here, ...files, "config")).stdout;
    const elsewhere = await directory("other", { "x/y": "" });
    expect(must(await compose(elsewhere, "-f", `oci://${target}`, "config")).stdout).toBe(wanted);
    const including = await directory("including", {
      "compose.yaml": `name: shop\ninclude: ["oci://${target}"]\n`,
    });
    expect(must(await compose(including, "config")).stdout).toBe(wanted);
    const missing = await compose(elsewhere, "-f", `oci://${registry.address}/apps/no:1`, "config");
    expect(missing.code).toBe(1);
  });

  test("what nobody elsewhere could run is refused, and what tells of this machine", async () => {
    const builds = await directory("builds", { "compose.yaml": "services: {a: {build: .}}\n" });
    expect((await compose(builds, "publish", "host/x")).stderr).toContain(
      'it only contains a build section for service(s):\n- "a"',
    );
    const binds = await directory("binds", {
      "compose.yaml": "services: {a: {image: x, volumes: [/etc:/e]}}\n",
    });
    expect((await compose(binds, "publish", "host/x")).stderr).toContain("a: /etc");
  });

  test("a published file cannot reach this machine's files", async () => {
    const evil = await directory("evil", {
      "compose.yaml": 'services:\n  a:\n    image: x\n    volumes: ["/etc:/e"]\n',
    });
    const target = `${registry.address}/apps/evil:1`;
    must(await compose(evil, "publish", "--yes", target));
    const output = await compose(root, "-f", `oci://${target}`, "config");
    expect(output.code).toBe(1);
    expect(output.stderr).toContain(
      '"/etc" is outside of what was included from elsewhere: a remote file may name only what comes with it',
    );
  });
});

describe("berth compose with files from git", () => {
  let daemon: ReturnType<typeof Bun.spawn>;
  let url = "";
  beforeAll(async () => {
    const work = await directory("work", {
      "sub/compose.yaml": "services: {g: {image: busybox:1, env_file: e.env}}\n",
      "sub/e.env": "E=1\n",
      "out.yaml": "services: {g: {image: busybox:1, env_file: ../../../../../../../etc/passwd}}\n",
      "link.yaml": "services: {g: {image: busybox:1, env_file: passwd}}\n",
    });
    await symlink("/etc/passwd", join(work, "passwd"));
    const git = (...words: string[]) => run(["git", "-C", work, ...words]);
    must(await git("init", "-q"));
    must(await git("add", "-A"));
    const author = ["-c", "user.name=t", "-c", "user.email=t@t"];
    must(await git(...author, "commit", "-qm", "x"));
    const port = await freePort();
    daemon = Bun.spawn(
      [
        ...["git", "daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1"],
        ...[`--port=${port}`, `--base-path=${root}`],
      ],
      { stdout: "ignore", stderr: "ignore" },
    );
    url = `git://127.0.0.1:${port}/work/.git`;
    await eventually(async () => (await run(["git", "ls-remote", url])).code === 0);
  });
  afterAll(async () => {
    daemon.kill();
    await daemon.exited;
  });

  test("a directory of a repository is included; what leads out of it is not", async () => {
    const including = async (fragment: string) => {
      const here = await directory("git-user", {
        "compose.yaml": `include: ["${url}#${fragment}"]\n`,
      });
      return compose(here, "config");
    };
    expect(must(await including(":sub")).stdout).toContain('E: "1"');
    for (const file of ["out.yaml", "link.yaml"]) {
      const output = await including(`:${file}`);
      expect(output.code).toBe(1);
      expect(output.stderr).toContain("is outside of what was included from elsewhere");
    }
    expect((await including("nowhere")).stderr).toContain('has no "nowhere"');
    expect((await including(":../..")).stderr).toContain("leads out of the repository");
  });
});
