import { beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { TarReader } from "../../../src/archive/index.ts";
import { contextDirectory } from "../../harness/build-context.ts";
import { must, type Output, type RunOptions } from "../../harness/daemon.ts";
import { importDebian } from "../../harness/debian-image.ts";
import { DockerDaemon } from "../../harness/docker-daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

/** The corpus, built by dockerd and by Berth with one command line: the same files, the same configuration. */
const suite = useDaemon();
const corpus = join(import.meta.dir, "../../corpus/dockerfiles");
const BASES = [
  "node:22-bookworm-slim",
  "python:3.12-slim",
  "golang:1.23",
  "maven:3-eclipse-temurin-21",
  "eclipse-temurin:21-jre",
  "debian:bookworm",
  "nginx:1.27",
];
const env = { DOCKER_BUILDKIT: "0" };

type Docker = (args: readonly string[], options?: RunOptions) => Promise<Output>;

let other: DockerDaemon | undefined;
const berth: Docker = (args, options = {}) => suite.daemon.docker(...args, options);
const docker: Docker = (args, options = {}) => {
  if (other === undefined) throw new Error("no dockerd");
  return other.docker(args, options);
};

/** Both get the very same base images. */
beforeAll(async () => {
  other = await DockerDaemon.start();
  const directory = await contextDirectory(
    suite.daemon,
    "FROM busybox\nRUN mkdir -p /etc/ssl/certs && echo ca > /etc/ssl/certs/ca\nCOPY tools /usr/local/bin/\nENV PATH=/usr/local/bin:/bin:/sbin:/usr/bin:/usr/sbin\n",
  );
  await cp(join(corpus, "tools"), join(directory, "tools"), { recursive: true });
  const tags = BASES.flatMap((base) => ["-t", base]);
  must(await berth(["build", ...tags, "."], { cwd: directory, env }));
  if (other === undefined) return;
  const archive = join(await mkdtemp(join(suite.daemon.root, "bases-")), "bases.tar");
  must(await berth(["save", "-o", archive, ...BASES]));
  must(await docker(["load", "-i", archive]));
});
/** Every file of an image: type, mode, owner, link target and content, without times. */
async function treeOf(cli: Docker, image: string): Promise<Record<string, string>> {
  const id = must(await cli(["create", "--network", "none", image, "x"])).stdout.trim();
  const archive = join(await mkdtemp(join(suite.daemon.root, "tree-")), "tree.tar");
  must(await cli(["export", "-o", archive, id]));
  must(await cli(["rm", id]));
  const reader = new TarReader(Bun.file(archive).stream());
  const tree: Record<string, string> = {};
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const path = entry.path.replace(/^\.?\//, "").replace(/\/$/, "");
    const hash = new Bun.CryptoHasher("sha256");
    for (let chunk = await reader.read(); chunk; chunk = await reader.read()) hash.update(chunk);
    // What an engine puts into every container is its own business.
    if (
      /^(?:|dev|proc|sys|\.dockerenv|etc\/(?:hosts|hostname|resolv\.conf|mtab))(?:\/.*)?$/.test(
        path,
      )
    )
      continue;
    const { type, mode, uid, gid, linkTarget, xattrs } = entry;
    const attributes = [...xattrs].map(([name, value]) => `${name}=${Buffer.from(value).toHex()}`);
    tree[path] =
      `${type} ${mode.toString(8)} ${uid}:${gid} ${linkTarget} ${hash.digest("hex")} ${attributes.sort()}`;
  }
  return tree;
}

const COMPARED = [
  "Cmd",
  "Entrypoint",
  "Env",
  "ExposedPorts",
  "Healthcheck",
  "Labels",
  "OnBuild",
  "Shell",
  "StopSignal",
  "User",
  "Volumes",
  "WorkingDir",
];

async function configOf(cli: Docker, image: string): Promise<Record<string, unknown>> {
  const { stdout } = must(await cli(["inspect", "--format", "{{json .Config}}", image]));
  const config = JSON.parse(stdout) as Record<string, unknown>;
  // Empty in one way or another.
  const filled = (value: unknown) =>
    value != null && value !== "" && Object.keys(value as object).length > 0;
  return Object.fromEntries(
    COMPARED.map((key) => [key, config[key]]).filter(([, value]) => filled(value)),
  );
}

async function compare(kind: string, name: string): Promise<void> {
  const cwd = join(corpus, kind, name);
  const image = `made-${kind}-${name}`;
  must(await berth(["build", "-t", image, "."], { cwd, env }));
  // Without a dockerd to compare with it is at least built.
  if (other === undefined) return;
  must(await docker(["build", "--network", "none", "-t", image, "."], { cwd, env }));
  const [ours, theirs] = await Promise.all([treeOf(berth, image), treeOf(docker, image)]);
  expect(Object.keys(ours).length).toBeGreaterThan(3);
  expect(ours).toEqual(theirs);
  expect(await configOf(berth, image)).toEqual(await configOf(docker, image));
}

const DEBIAN = "debian:packages";
const PACKAGES = ["dash", "coreutils", "findutils", "python3-minimal", "nginx"];

describe("programs of Debian's packages build to what dockerd's classic builder makes of them", async () => {
  let there = false;
  test("the packages are an image", async () => {
    there = await importDebian(suite.daemon, DEBIAN, PACKAGES);
    if (!there || other === undefined) return;
    const archive = join(await mkdtemp(join(suite.daemon.root, "debian-")), "debian.tar");
    must(await berth(["save", "-o", archive, DEBIAN]));
    must(await docker(["load", "-i", archive]));
  }, 120_000);
  for (const name of await readdir(join(corpus, "debian"))) {
    test(name, async () => {
      if (there) await compare("debian", name);
    }, 120_000);
  }
});

describe("the corpus builds to what dockerd's classic builder makes of it", async () => {
  for (const name of await readdir(join(corpus, "classic"))) {
    test(name, () => compare("classic", name), 60_000);
  }
});

test("dockerd ends", async () => {
  await other?.stop();
  other = undefined;
});

hostStaysClean(suite);
