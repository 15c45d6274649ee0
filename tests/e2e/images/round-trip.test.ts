import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { must, type Output, run } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { Samples } from "../../harness/sample-image.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

/** An engine or a tool that moves images: each step of the way is done by another one. */
interface Mover {
  pull(image: string): Promise<Output>;
  push(image: string): Promise<Output>;
  save(image: string, archive: string): Promise<Output>;
  load(archive: string, image: string): Promise<Output>;
  remove(image: string): Promise<Output>;
  /** The configuration's digest. */
  id(image: string): Promise<string>;
}

let registry: TestRegistry;
let samples: Samples;
let directory: string;
let dockerd: ReturnType<typeof Bun.spawn>;

beforeAll(async () => {
  directory = await mkdtemp("/tmp/be2e-trip-");
  registry = await TestRegistry.start();
  samples = new Samples(registry.address);
  const places = ["data-root", "exec-root"].map((flag) => `--${flag}=${join(directory, flag)}`);
  const network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"];
  const files = [`--pidfile=${directory}/pid`, `--host=${dockerHost()}`];
  dockerd = Bun.spawn(["dockerd", ...places, ...network, ...files], {
    stdout: "ignore",
    stderr: Bun.file(join(directory, "dockerd.log")),
  });
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await run(["docker", "-H", dockerHost(), "version"])).code === 0) return;
    await Bun.sleep(100);
  }
  throw new Error("dockerd does not answer");
}, 60_000);
afterAll(async () => {
  dockerd.kill("SIGTERM");
  await dockerd.exited;
  await registry.stop();
  // Podman always mounts its own on itself, dockerd where mounts below /tmp are not shared.
  for (const place of ["podman/overlay", "data-root"]) {
    await run(["umount", "-l", join(directory, place)]);
  }
  await rm(directory, { recursive: true, force: true });
});

/** After the other daemon, whose mounts are then part of the host as it was found. */
const suite = useDaemon();

const dockerHost = () => `unix://${directory}/docker.sock`;

function engine(...command: string[]): Mover {
  const go = (...args: string[]) => run([...command, ...args]);
  return {
    pull: (image) => go("pull", image),
    push: (image) => go("push", image),
    save: (image, archive) => go("save", "-o", archive, image),
    load: (archive) => go("load", "-i", archive),
    remove: (image) => go("rmi", image),
    id: async (image) => {
      const text = must(await go("image", "inspect", "-f", "{{.Id}}", image)).stdout.trim();
      return text.replace(/^sha256:/, "");
    },
  };
}

/** skopeo keeps nothing itself: an OCI archive stands for its store. */
function skopeo(): Mover {
  const kept = (image: string) =>
    `oci:${directory}/skopeo-${image.replaceAll(/[^a-z0-9]/g, "-")}:x`;
  const copy = (from: string, to: string, ...flags: string[]) =>
    run(["skopeo", "--insecure-policy", "copy", ...flags, from, to]);
  return {
    pull: (image) => copy(`docker://${image}`, kept(image), "--src-tls-verify=false"),
    push: (image) => copy(kept(image), `docker://${image}`, "--dest-tls-verify=false"),
    save: (image, archive) => copy(kept(image), `docker-archive:${archive}:${image}`),
    load: (archive, image) => copy(`docker-archive:${archive}:${image}`, kept(image)),
    remove: async (image) => {
      await rm(kept(image).slice("oci:".length, -":x".length), { recursive: true });
      return { code: 0, stdout: "", stderr: "" };
    },
    id: async (image) => {
      const raw = must(await run(["skopeo", "inspect", "--raw", kept(image)]));
      return JSON.parse(raw.stdout).config.digest.replace(/^sha256:/, "");
    },
  };
}

function movers(): Record<string, Mover> {
  const podman = [
    "podman",
    `--root=${directory}/podman`,
    `--runroot=${directory}/podman-run`,
    "--storage-driver=vfs",
    "--cgroup-manager=cgroupfs",
  ];
  const plain = engine(...podman);
  const go = (...args: string[]) => run([...podman, ...args]);
  return {
    berth: engine(join(import.meta.dir, "../../../dist/berth"), "-H", suite.daemon.host),
    dockerd: engine("docker", "-H", dockerHost()),
    podman: {
      ...plain,
      pull: (image) => go("pull", "--tls-verify=false", image),
      push: (image) => go("push", "--tls-verify=false", image),
    },
    skopeo: skopeo(),
  };
}

const NAMES = ["berth", "dockerd", "podman", "skopeo"] as const;

/** Those without Berth show that what is asked of it is what all of them do. */
const PAIRS = NAMES.flatMap((first) => NAMES.map((second) => [first, second] as const));

async function configOf(repository: string, tag: string): Promise<string> {
  const manifest = (await samples.read(repository, tag)) as { config: { digest: string } };
  return manifest.config.digest.replace("sha256:", "");
}

for (const [first, second] of PAIRS) {
  describe(`${first} → ${second}`, () => {
    test("pull → save → load → push → pull keeps the image's digest", async () => {
      await mkdir(directory, { recursive: true });
      const [a, b] = [movers()[first], movers()[second]];
      if (a === undefined || b === undefined) throw new Error("no such mover");
      const repository = `trip/${first}-${second}`;
      const image = `${registry.address}/${repository}:1`;
      await samples.image(repository, "1", { layers: [5000, 70_000] });
      const config = await configOf(repository, "1");
      const manifest = await samples.digest(repository, "1");
      must(await a.pull(image));
      expect(await a.id(image)).toBe(config);
      const archive = join(directory, `${first}-${second}.tar`);
      must(await a.save(image, archive));
      must(await a.remove(image));
      must(await b.load(archive, image));
      expect(await b.id(image)).toBe(config);
      must(await b.push(image));
      expect(await configOf(repository, "1")).toBe(config);
      must(await b.remove(image));
      must(await a.pull(image));
      expect(await a.id(image)).toBe(config);
      must(await a.remove(image));
      // Only Berth's archives hold the manifest, and only Berth and readers of OCI layouts take it from there.
      if (first === "berth" && second === "berth") {
        expect(await samples.digest(repository, "1")).toBe(manifest);
      }
    });
  });
}

test("berth alone keeps an index: pull → save → load → push", async () => {
  const { digest } = await samples.index("trip/index", "1");
  const image = `${registry.address}/trip/index:1`;
  const archive = join(directory, "index.tar");
  const { berth } = movers();
  must((await berth?.pull(image)) ?? { code: 1, stdout: "", stderr: "" });
  must(await suite.daemon.berth("save", "-o", archive, image));
  must(await suite.daemon.berth("rmi", image));
  must(await suite.daemon.berth("load", "-i", archive));
  const push = must(await suite.daemon.berth("push", image));
  expect(push.stdout).toContain(`digest: ${digest}`);
  expect(await samples.digest("trip/index", "1")).toBe(digest);
  // Readers of OCI archives find the platform that is there.
  const copy = ["skopeo", "--insecure-policy", "copy", `oci-archive:${archive}`];
  must(await run([...copy, `dir:${join(directory, "from-archive")}`]));
});

hostStaysClean(suite);
