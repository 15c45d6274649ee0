import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { MediaType, sha256 } from "../../../src/spec/index.ts";
import { must } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { RegistryProxy } from "../../harness/registry-proxy.ts";
import { Samples } from "../../harness/sample-image.ts";
import { encodeTarEntry, TAR_END } from "../../harness/sample-tar.ts";
import {
  COMMAND_LINES,
  commandLine,
  DOCKER_IS_CURRENT,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();
let registry: TestRegistry;
let other: TestRegistry;
let proxy: RegistryProxy;
let samples: Samples;
beforeAll(async () => {
  [registry, other] = await Promise.all([TestRegistry.start(), TestRegistry.start()]);
  proxy = await RegistryProxy.start(registry.address);
  samples = new Samples(registry.address);
});
afterAll(async () => {
  await proxy.stop();
  await registry.stop();
  await other.stop();
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);

  describe(`${name}: push`, () => {
    test("one tag, again, and all tags, as Docker tells of it", async () => {
      const repository = `${registry.address}/${name}/box`;
      for (const tag of ["1", "2", "latest"])
        must(await cli("tag", "busybox", `${repository}:${tag}`));
      const first = must(await cli("push", `${repository}:1`));
      expect(first.stdout).toContain(`The push refers to repository [${repository}]`);
      expect(first.stdout).toMatch(/^[0-9a-f]{12}: (?:Pushed|Mounted from berth\/box)$/m);
      expect(first.stdout).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: \d+$/m);
      const again = must(await cli("push", `${repository}:1`));
      expect(again.stdout).toMatch(/^[0-9a-f]{12}: Layer already exists$/m);
      expect(must(await cli("push", repository)).stdout).toContain("Using default tag: latest\n");
      const all = must(await cli("push", "-a", repository));
      for (const tag of ["1", "2", "latest"]) expect(all.stdout).toContain(`\n${tag}: digest: `);
      const digests = await Promise.all(
        ["1", "2", "latest"].map((tag) => samples.digest(`${name}/box`, tag)),
      );
      expect(new Set(digests).size).toBe(1);
      const quiet = must(await cli("push", "-q", `${repository}:1`));
      expect(quiet.stdout).toBe(`${repository}:1\n`);
    });
    test("what is missing is refused in Docker's words", async () => {
      const repository = `${registry.address}/${name}/none`;
      const output = await cli("push", repository);
      expect(output.code).toBe(1);
      expect(output.stderr).toContain(
        `An image does not exist locally with the tag: ${repository}`,
      );
      expect((await cli("push", "-a", `${repository}:x`)).stderr).toContain(
        "tag can't be used with --all-tags/-a",
      );
    });
    test("layers are mounted from another repository of the registry", async () => {
      const from = `${proxy.address}/${name}/base`;
      must(await cli("tag", "busybox", `${from}:1`));
      must(await cli("push", `${from}:1`));
      const to = `${proxy.address}/${name}/mounted`;
      must(await cli("tag", "busybox", `${to}:1`));
      proxy.seen.length = 0;
      const output = must(await cli("push", `${to}:1`));
      expect(output.stdout).toMatch(/^[0-9a-f]{12}: Mounted from \w+\/base$/m);
      // The configuration alone.
      expect(proxy.seen.filter(({ method }) => method === "PATCH").length).toBeLessThan(2);
    });
    test("an index keeps its digest: within a registry, and to another one", async () => {
      const { digest, manifests } = await samples.index(`${name}/multi`, "1");
      const image = `${registry.address}/${name}/multi:1`;
      expect(must(await cli("pull", image)).stdout).toContain(`Digest: ${digest}`);
      for (const [place, target] of [
        [samples, `${registry.address}/${name}/copy`],
        [new Samples(other.address), `${other.address}/${name}/copy`],
      ] as const) {
        must(await cli("tag", image, `${target}:1`));
        const push = must(await cli("push", `${target}:1`));
        expect(push.stdout).toContain(`1: digest: ${digest}`);
        expect(await place.digest(`${name}/copy`, "1")).toBe(digest);
        for (const { digest: part } of manifests) {
          expect(await place.digest(`${name}/copy`, part)).toBe(part);
        }
      }
    });
    test.skipIf(name === "docker" && !DOCKER_IS_CURRENT)(
      "--platform pushes one manifest; what cannot be had is told of",
      async () => {
        const { manifests } = await samples.index(`${name}/parts`, "1");
        const image = `${proxy.address}/${name}/parts:1`;
        must(await cli("pull", image));
        const target = `${other.address}/${name}/parts`;
        must(await cli("tag", image, `${target}:one`));
        must(await cli("push", "--platform", "linux/amd64", `${target}:one`));
        const place = new Samples(other.address);
        const here = manifests[0]?.digest ?? "";
        expect(await place.digest(`${name}/parts`, "one")).toBe(here);
        const gone = manifests[1]?.digest ?? "";
        proxy.interfere = ({ path }) =>
          path.endsWith(gone) ? { answer: { status: 404, body: "{}" } } : undefined;
        must(await cli("tag", image, `${target}:less`));
        const push = must(await cli("push", `${target}:less`));
        proxy.interfere = () => undefined;
        expect(await place.digest(`${name}/parts`, "less")).toBe(here);
        if (name === "docker") {
          expect(push.stdout + push.stderr).toContain("Not all multiplatform-content is present");
        }
        const wrong = await cli("push", "--platform", "linux/s390x", `${target}:one`);
        expect(wrong.code).toBe(1);
        expect(wrong.stderr).toContain("does not match the specified platform");
      },
    );
  });
}

test("an upload that breaks is begun anew", async () => {
  const image = `${proxy.address}/broken/upload:1`;
  must(await suite.daemon.berth("tag", "busybox", image));
  let breaks = 2;
  proxy.interfere = ({ method }) =>
    method === "PATCH" && breaks-- > 0 ? { answer: { status: 503 } } : undefined;
  must(await suite.daemon.berth("push", image));
  proxy.interfere = () => undefined;
  expect(breaks).toBeLessThanOrEqual(0);
  must(await suite.daemon.docker("pull", image));
});

test("a foreign layer comes from its URL, and only its description is pushed", async () => {
  const size = 2000;
  const layer = gzipSync(
    Buffer.concat([encodeTarEntry("foreign", Buffer.alloc(size, 7)), TAR_END]),
  );
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(layer) });
  const lenient = await TestRegistry.start({
    config: ['validation: {manifests: {urls: {allow: [".*"]}}}'],
  });
  try {
    const place = new Samples(lenient.address);
    const diffId = sha256(gunzipSync(layer));
    const config = {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [diffId] },
    };
    const blob = await place.blob("foreign", Buffer.from(JSON.stringify(config)));
    const manifest = {
      schemaVersion: 2,
      mediaType: MediaType.dockerManifest,
      config: { mediaType: MediaType.dockerConfig, ...blob },
      layers: [
        {
          mediaType: MediaType.dockerForeignLayerGzip,
          digest: sha256(layer),
          size: layer.length,
          urls: [`http://127.0.0.1:${server.port}/layer`],
        },
      ],
    };
    const { digest } = await place.manifest("foreign", "1", manifest);
    must(await suite.daemon.docker("pull", `${lenient.address}/foreign:1`));
    must(
      await suite.daemon.berth("tag", `${lenient.address}/foreign:1`, `${lenient.address}/other:1`),
    );
    const push = must(await suite.daemon.docker("push", `${lenient.address}/other:1`));
    expect(push.stdout).toContain("Skipped foreign layer");
    expect(await place.digest("other", "1")).toBe(digest);
  } finally {
    await lenient.stop();
    await server.stop(true);
  }
});

test("--compression", async () => {
  const { berth } = suite.daemon;
  const types: Record<string, string> = { gzip: "+gzip", "zstd:19": "+zstd", none: ".tar" };
  for (const [compression, ending] of Object.entries(types)) {
    const tag = compression.replace(":", "-");
    const image = `${registry.address}/packed/box:${tag}`;
    must(await berth("tag", "busybox", image));
    must(await berth("push", "--compression", compression, image));
    const [layer] = (await samples.read("packed/box", tag))["layers"] as { mediaType: string }[];
    expect(layer?.mediaType).toEndWith(ending);
    must(await berth("rmi", image));
    must(await berth("pull", image));
    expect(must(await berth("run", "--rm", image, "echo", "hi")).stdout).toBe("hi\n");
    must(await berth("rmi", image));
  }
  const wrong = await berth("push", "--compression", "lzma", "busybox");
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('invalid compression "lzma"');
});

test("GET /distribution/{name}/json", async () => {
  const { digest } = await samples.index("asked/multi", "1");
  const name = `${registry.address}/asked/multi`;
  const whole = await suite.daemon.api(`/v1.51/distribution/${name}:1/json`);
  expect(await whole.json()).toMatchObject({
    Descriptor: { digest },
    Platforms: [{ architecture: "amd64" }, { architecture: "s390x" }],
  });
  const one = await suite.daemon.api(`/v1.51/distribution/${name}:1-s390x/json`);
  expect(await one.json()).toMatchObject({ Platforms: [{ os: "linux", architecture: "s390x" }] });
  expect((await suite.daemon.api(`/v1.51/distribution/${name}:none/json`)).status).toBe(404);
});

hostStaysClean(suite);
