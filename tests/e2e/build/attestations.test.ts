import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { $ } from "bun";
import type { Descriptor, Index, Manifest } from "../../../src/spec/index.ts";
import { BerthRegistry } from "../../harness/berth-registry.ts";
import { type ContextFiles, contextDirectory } from "../../harness/build-context.ts";
import { must, type Output, run } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let registry: BerthRegistry;
beforeAll(async () => {
  registry = await BerthRegistry.start();
});
afterAll(() => registry.stop());

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

async function builds(dockerfile: string, files: ContextFiles, ...args: string[]): Promise<Output> {
  const cwd = await contextDirectory(suite.daemon, dockerfile, files);
  return must(await suite.daemon.berth("build", "--progress", "plain", ...args, ".", { cwd }));
}

/** What the registry has at that place: for everything else but manifests the type is no matter. */
async function stored<T>(place: string, type = "*/*"): Promise<T> {
  const response = await fetch(`http://${registry.address}/v2/${place}`, {
    headers: { Accept: type },
  });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

interface Statement {
  predicateType: string;
  subject: { name: string; digest: { sha256: string } }[];
  predicate: Record<string, unknown> & {
    materials?: { uri: string }[];
    packages?: { name: string; versionInfo?: string }[];
  };
}

async function statements(name: string, attestation: Descriptor): Promise<Statement[]> {
  const manifest = await stored<Manifest>(`${name}/manifests/${attestation.digest}`, MANIFEST);
  return await Promise.all(
    manifest.layers.map(({ digest }) => stored<Statement>(`${name}/blobs/${digest}`)),
  );
}

const DPKG = `Package: bash
Status: install ok installed
Version: 5.2-1
Architecture: amd64

Package: gone
Status: deinstall ok config-files
Version: 1
`;
const DOCKERFILE = `FROM busybox AS made
ARG WHO=nobody
RUN --mount=type=secret,id=word echo "$WHO" > /who
FROM busybox
COPY --from=made /who /who
COPY status /var/lib/dpkg/status
COPY package.json /app/node_modules/left/package.json
`;
const FILES = { status: DPKG, "package.json": '{"name":"left","version":"1.2.3"}' };

describe("attestations", () => {
  test("go to the registry with the image, as BuildKit attaches them, and are read by others", async () => {
    const name = `${registry.address}/attested:1`;
    const build = ["-t", name, "--push", "--sbom=true", "--provenance=mode=max"];
    await builds(DOCKERFILE, FILES, ...build, "--build-arg", "WHO=somebody", "--annotation", "a=b");
    const index = await stored<Index>("attested/manifests/1", INDEX);
    const [image, attestation] = index.manifests as [Descriptor, Descriptor];
    expect(index.manifests).toHaveLength(2);
    expect(attestation.annotations).toEqual({
      "vnd.docker.reference.digest": image.digest,
      "vnd.docker.reference.type": "attestation-manifest",
    });
    expect(attestation.platform).toEqual({ architecture: "unknown", os: "unknown" });
    const manifest = await stored<Manifest>(`attested/manifests/${image.digest}`, MANIFEST);
    expect(manifest.annotations).toEqual({ a: "b" });
    expect(new Set(manifest.layers.map(({ mediaType }) => mediaType)).size).toBe(1);
    const [spdx, slsa] = await statements("attested", attestation);
    expect(spdx?.predicateType).toBe("https://spdx.dev/Document");
    expect(spdx?.subject[0]?.digest.sha256).toBe(image.digest.slice("sha256:".length));
    expect(spdx?.predicate.packages?.map(({ name, versionInfo }) => [name, versionInfo])).toEqual([
      [name, undefined],
      ["bash", "5.2-1"],
      ["left", "1.2.3"],
    ]);
    expect(slsa?.predicateType).toBe("https://slsa.dev/provenance/v0.2");
    expect(slsa?.predicate.materials?.map(({ uri }) => uri)).toEqual([
      expect.stringMatching(/^pkg:docker\/busybox@latest\?platform=linux%2F/),
    ]);
    expect(JSON.stringify(slsa)).toContain('"build-arg:WHO":"somebody"');
    const raw = await run(["skopeo", "inspect", "--tls-verify=false", `docker://${name}`]);
    expect(must(raw).stdout).toContain(image.digest.slice(0, 7));
  });

  test("provenance alone says nothing of arguments; version v1 is SLSA's of today", async () => {
    const name = `${registry.address}/small:1`;
    const attest = "type=provenance,mode=min,version=v1,builder-id=https://ci.example.org/1";
    await builds(DOCKERFILE, FILES, "-t", name, "--push", "--attest", attest);
    const index = await stored<Index>("small/manifests/1", INDEX);
    const [slsa] = await statements("small", index.manifests[1] as Descriptor);
    expect(slsa?.predicateType).toBe("https://slsa.dev/provenance/v1");
    expect(slsa?.predicate).toMatchObject({
      runDetails: { builder: { id: "https://ci.example.org/1" } },
    });
    expect(JSON.stringify(slsa)).not.toMatch(/WHO|RUN /);
  });

  test("an archive holds them, and save and push of the kept image do", async () => {
    const name = `${registry.address}/kept:1`;
    await builds(DOCKERFILE, FILES, "-t", name, "--sbom=true");
    must(await suite.daemon.berth("push", name));
    expect((await stored<Index>("kept/manifests/1", INDEX)).manifests).toHaveLength(2);
    const archive = join(suite.daemon.root, "kept.tar");
    must(await suite.daemon.berth("save", "-o", archive, name));
    const copied = join(suite.daemon.root, "kept");
    must(await run(["skopeo", "copy", "--all", `oci-archive:${archive}`, `dir:${copied}`]));
    expect(await $`cat ${copied}/manifest.json`.text()).toContain("attestation-manifest");
    expect(must(await suite.daemon.berth("run", "--rm", name, "cat", "/who")).stdout).toBe(
      "nobody\n",
    );
  });

  test("none are made where nobody asks for any", async () => {
    await builds(DOCKERFILE, FILES, "-t", `${registry.address}/plain:1`, "--push", "--sbom=false");
    const manifest = await stored<Manifest>("plain/manifests/1", MANIFEST);
    expect(manifest.layers.length).toBeGreaterThan(1);
  });
});

describe("the form of layers", () => {
  const layers = async (repository: string): Promise<string[]> => {
    const manifest = await stored<Manifest>(`${repository}/manifests/1`, MANIFEST);
    return manifest.layers.map(({ mediaType }) => mediaType.replace(/^.*layer\.v1\./, ""));
  };
  const forms: [repository: string, output: string, form: string][] = [
    ["usual", "type=registry", "tar+gzip"],
    ["zstd", "type=image,push=true,compression=zstd,compression-level=3", "tar+zstd"],
    ["plain", "type=registry,compression=uncompressed", "tar"],
    ["forced", "type=registry,compression=zstd,force-compression=true", "tar+zstd"],
  ];
  test.each(forms)("%s: %s", async (repository, output, form) => {
    const name = `${registry.address}/form-${repository}:1`;
    await builds("FROM busybox\nRUN echo 1 > /f\n", {}, "-t", name, "-o", output);
    expect((await layers(`form-${repository}`)).at(-1)).toBe(form);
    must(await suite.daemon.berth("rmi", "-f", name));
    const read = await suite.daemon.berth("run", "--rm", name, "cat", "/f");
    expect(must(read).stdout).toBe("1\n");
  });

  test("an impossible level is refused before anything is sent", async () => {
    const cwd = await contextDirectory(suite.daemon, "FROM busybox\n");
    const output = "type=registry,compression=gzip,compression-level=22";
    const args = ["build", "-t", `${registry.address}/never:1`, "-o", output, "."];
    const failed = await suite.daemon.berth(...args, { cwd });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('invalid compression "gzip:22"');
  });
});

hostStaysClean(suite);
