import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BerthRegistry } from "../../harness/berth-registry.ts";
import { makeCertificate } from "../../harness/certificate.ts";
import { BERTH, must, run } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { Samples } from "../../harness/sample-image.ts";

let directory: string;
let own: BerthRegistry;
let debian: TestRegistry;
beforeAll(async () => {
  directory = await mkdtemp("/tmp/be2e-registry-clients-");
  own = await BerthRegistry.start();
  debian = await TestRegistry.start();
}, 30_000);
afterAll(async () => {
  await own.stop();
  await debian.stop();
  await rm(directory, { recursive: true, force: true });
});

const skopeo = async (...words: string[]) =>
  must(await run(["skopeo", "--insecure-policy", ...words]));
const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];

async function podman(...words: string[]) {
  const places = ["--root", join(directory, "podman"), "--runroot", join(directory, "podman-run")];
  return must(await run(["podman", ...places, "--storage-driver=vfs", ...words]));
}

async function berthRegistry(...words: string[]) {
  return must(await run([BERTH, "registry", ...words]));
}

/** The digest that a registry computes nothing for: of the bytes that it gives. */
const digestAt = (address: string, repository: string, tag: string) =>
  new Samples(address).digest(repository, tag);

describe("skopeo", () => {
  test.each(["gzip", "zstd", "none"] as const)(
    "takes an image of %s layers to Debian's registry and back, bit for bit",
    async (compression) => {
      const options = { compression, layers: [500_000, 10] };
      const { digest } = await new Samples(own.address).image("trip/image", compression, options);
      const here = `docker://${own.address}/trip/image:${compression}`;
      const there = `docker://${debian.address}/trip/image:${compression}`;
      await skopeo("copy", "--all", "--preserve-digests", ...plain, here, there);
      expect(await digestAt(debian.address, "trip/image", compression)).toBe(digest);
      const back = `docker://${own.address}/trip/back:${compression}`;
      await skopeo("copy", "--all", "--preserve-digests", ...plain, there, back);
      expect(await digestAt(own.address, "trip/back", compression)).toBe(digest);
    },
    60_000,
  );

  test("copies an index whole, through a directory, too", async () => {
    const index = await new Samples(own.address).index("trip/index", "v1");
    const layout = join(directory, "layout");
    const here = `docker://${own.address}/trip/index:v1`;
    const keep = ["copy", "--all", "--preserve-digests", ...plain];
    await skopeo(...keep, here, `oci:${layout}:v1`);
    await skopeo(...keep, `oci:${layout}:v1`, `docker://${own.address}/trip/again:v1`);
    expect(await digestAt(own.address, "trip/again", "v1")).toBe(index.digest);
  }, 60_000);

  test("converts to schema 2, lists and deletes", async () => {
    await new Samples(own.address).image("skopeo/app", "oci");
    const source = `docker://${own.address}/skopeo/app:oci`;
    const target = `docker://${own.address}/skopeo/app:docker`;
    await skopeo("copy", "--format", "v2s2", ...plain, source, target);
    const { mediaType } = await new Samples(own.address).read("skopeo/app", "docker");
    expect(mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
    const list = ["list-tags", "--tls-verify=false", `docker://${own.address}/skopeo/app`];
    expect(JSON.parse((await skopeo(...list)).stdout).Tags).toEqual(["docker", "oci"]);
    await skopeo("delete", "--tls-verify=false", target);
    expect(JSON.parse((await skopeo(...list)).stdout).Tags).toEqual(["oci"]);
  }, 60_000);
});

describe("berth registry", () => {
  test("copies both ways and keeps the digest of an index", async () => {
    const index = await new Samples(debian.address).index("from/debian", "v1");
    const name = `${own.address}/to/berth:v1`;
    const copy = await berthRegistry("copy", "-q", `${debian.address}/from/debian:v1`, name);
    expect(copy.stdout.trim()).toBe(index.digest);
    expect(await digestAt(own.address, "to/berth", "v1")).toBe(index.digest);
    await berthRegistry("copy", "-q", name, `${debian.address}/back/again:v2`);
    expect(await digestAt(debian.address, "back/again", "v2")).toBe(index.digest);
  }, 60_000);

  test("mounts within one registry, lists, inspects, removes", async () => {
    const { digest } = await new Samples(own.address).image("tool/a", "v1", { layers: [5000] });
    const copied = await berthRegistry("copy", `${own.address}/tool/a:v1`, `${own.address}/tool/b`);
    expect(copied.stderr.split("\n").filter((line) => line.endsWith(" mounted"))).toHaveLength(2);
    const all = (await berthRegistry("ls", own.address)).stdout.split("\n");
    expect(all).toContain("tool/a");
    expect((await berthRegistry("ls", `${own.address}/tool/b`)).stdout).toBe("v1\n");
    const shown = JSON.parse((await berthRegistry("inspect", `${own.address}/tool/b:v1`)).stdout);
    expect(shown).toMatchObject({ digest, config: { architecture: "amd64" } });
    await berthRegistry("rm", `${own.address}/tool/b:v1`);
    expect(await digestAt(own.address, "tool/b", "v1")).toBeUndefined();
    expect(await digestAt(own.address, "tool/b", digest)).toBe(digest);
    await berthRegistry("rm", `${own.address}/tool/b@${digest}`);
    expect(await digestAt(own.address, "tool/b", digest)).toBeUndefined();
  }, 60_000);

  test("says what went wrong, with an exit code", async () => {
    const absent = await run([BERTH, "registry", "inspect", `${own.address}/no/where:v1`]);
    expect(absent.code).toBe(1);
    expect(absent.stderr).toContain("manifest unknown");
    expect((await run([BERTH, "registry", "fly"])).code).toBe(125);
    expect((await run([BERTH, "registry", "serve", "--addr", "nowhere"])).code).toBe(125);
    expect((await run([BERTH, "registry", "ls", "--fly"])).code).toBe(125);
    for (const [words, said] of [
      [["copy", "a"], '"berth registry copy" requires exactly 2 arguments'],
      [["rm"], '"berth registry rm" requires at least 1 argument'],
      [["rm", `${own.address}/tool/a`], "it has neither tag nor digest"],
      [["ls", `${own.address}/no/where`], "repository name not known to registry"],
      [["gc", "--root", join(directory, "nowhere")], "it is not there"],
      [["ls", "127.0.0.1:1"], "connection refused"],
    ] as const) {
      const { code, stderr, stdout } = await run([BERTH, "registry", ...words]);
      expect(code).toBeGreaterThan(0);
      expect(stderr).toContain(said);
      expect(stdout).toBe("");
    }
    expect(existsSync(join(directory, "nowhere"))).toBe(false);
  }, 60_000);
});

test.skipIf(Bun.which("podman") === null)(
  "podman pulls, pushes and pulls again",
  async () => {
    await new Samples(own.address).image("podman/app", "v1", { layers: [200_000, 100] });
    const name = `${own.address}/podman/app:v1`;
    await podman("pull", "-q", "--tls-verify=false", name);
    const id = (await podman("image", "inspect", "-f", "{{.Id}}", name)).stdout;
    const other = `${own.address}/podman/other:v2`;
    await podman("push", "-q", "--tls-verify=false", name, other);
    await podman("rmi", "-a", "-f");
    await podman("pull", "-q", "--tls-verify=false", other);
    expect((await podman("image", "inspect", "-f", "{{.Id}}", other)).stdout).toBe(id);
  },
  120_000,
);

describe("with TLS and users", () => {
  let secured: BerthRegistry;
  let certificates: string;
  let authFile: string;
  beforeAll(async () => {
    certificates = join(directory, "tls");
    await mkdir(certificates, { recursive: true });
    const { key, certificate } = await makeCertificate(certificates, "127.0.0.1");
    const passwd = [BERTH, "registry", "passwd", "anna"];
    const line = must(await run(passwd, { stdin: "s3cret\n" })).stdout;
    const htpasswd = join(directory, "htpasswd");
    await writeFile(htpasswd, line);
    const auth = { htpasswd, anonymousPull: true, tokens: {} };
    secured = await BerthRegistry.start({ tls: { certificate, key }, auth });
    authFile = join(directory, "auth.json");
    const login = ["login", "-u", "anna", "--password-stdin", "--cert-dir", certificates];
    const words = ["skopeo", ...login, "--authfile", authFile, secured.address];
    must(await run(words, { stdin: "s3cret" }));
  }, 60_000);
  afterAll(async () => {
    await secured.stop();
  });

  test("anybody pulls and users push, by tokens of the registry", async () => {
    const { digest } = await new Samples(own.address).image("tls/app", "v1");
    const here = `docker://${own.address}/tls/app:v1`;
    const there = `docker://${secured.address}/tls/app:v1`;
    const push = ["copy", "--preserve-digests", "--src-tls-verify=false"];
    const trust = ["--dest-cert-dir", certificates];
    const refused = await run(["skopeo", "--insecure-policy", ...push, ...trust, here, there]);
    expect(refused.code).not.toBe(0);
    await skopeo(...push, ...trust, "--dest-authfile", authFile, here, there);
    const inspect = ["inspect", "--no-creds", "--cert-dir", certificates, there];
    expect(JSON.parse((await skopeo(...inspect)).stdout).Digest).toBe(digest);
  }, 60_000);

  test("a wrong password is refused", async () => {
    const login = ["login", "-u", "anna", "--password-stdin", "--cert-dir", certificates];
    const words = ["skopeo", ...login, "--authfile", join(directory, "none.json"), secured.address];
    expect((await run(words, { stdin: "wrong" })).code).not.toBe(0);
  }, 60_000);

  test.skipIf(Bun.which("podman") === null)(
    "podman logs in and pushes",
    async () => {
      await new Samples(own.address).image("tls/pod", "v1");
      await podman("pull", "-q", "--tls-verify=false", `${own.address}/tls/pod:v1`);
      const push = ["push", "-q", "--cert-dir", certificates, "--authfile", authFile];
      await podman(...push, `${own.address}/tls/pod:v1`, `${secured.address}/tls/pod:v1`);
      const inspect = ["inspect", "--no-creds", "--cert-dir", certificates];
      await skopeo(...inspect, `docker://${secured.address}/tls/pod:v1`);
    },
    120_000,
  );
});

test("Berth's registry is a cache of Debian's, for skopeo", async () => {
  const { digest } = await new Samples(debian.address).image("cached/app", "v1", {
    layers: [900_000],
  });
  const upstreams = [{ prefix: "debian", registry: debian.address }];
  const cache = await BerthRegistry.start({ upstreams });
  try {
    const source = `docker://${cache.address}/debian/cached/app:v1`;
    const target = `docker://${own.address}/cached/app:v1`;
    await skopeo("copy", "--preserve-digests", ...plain, source, target);
    expect(await digestAt(own.address, "cached/app", "v1")).toBe(digest);
  } finally {
    await cache.stop();
  }
}, 60_000);
