import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { must, run, TestDaemon } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import { TestRegistry } from "../../harness/registry.ts";

const CERTIFICATES = "/etc/berth/certs.d";
let outside: OutsideHost;
let daemon: TestDaemon;
let directory: string;
let trusted: TestRegistry;
let strict: TestRegistry;
let plain: TestRegistry;

/** An authority, a server's certificate for the address, and a client's. */
async function makeCertificates(address: string): Promise<void> {
  const openssl = async (...args: string[]) =>
    must(await run(["openssl", ...args], { cwd: directory }));
  const request = ["req", "-newkey", "rsa:2048", "-nodes"];
  await openssl(...request, "-x509", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test ca");
  for (const name of ["server", "client"]) {
    await openssl(
      ...request,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/CN=${name}`,
    );
    await Bun.write(join(directory, "ext"), `subjectAltName=IP:${address}\n`);
    const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext"];
    await openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.crt`, ...signing);
  }
}

async function trust(host: string, ...files: [from: string, to: string][]): Promise<void> {
  await mkdir(join(CERTIFICATES, host), { recursive: true });
  for (const [from, to] of files) {
    await copyFile(join(directory, from), join(CERTIFICATES, host, to));
  }
}

beforeAll(async () => {
  outside = await OutsideHost.make(47);
  const { address, name } = outside;
  directory = await mkdtemp("/tmp/be2e-tls-");
  await makeCertificates(address);
  const tls = { certificate: join(directory, "server.crt"), key: join(directory, "server.key") };
  const within = ["ip", "netns", "exec", name];
  const clientAuthorities = [join(directory, "ca.crt")];
  trusted = await TestRegistry.start({ tls, within, address: `${address}:5443` });
  strict = await TestRegistry.start({
    tls: { ...tls, clientAuthorities },
    within,
    address: `${address}:5444`,
  });
  plain = await TestRegistry.start({ within, address: `${address}:5000` });
  daemon = await TestDaemon.start("--insecure-registry", `${address}:5000`);
  await daemon.importBusybox();
});
afterAll(async () => {
  await daemon.stop();
  for (const registry of [trusted, strict, plain]) {
    await registry.stop();
    await rm(join(CERTIFICATES, registry.address), { recursive: true, force: true });
  }
  await outside.close();
  await rm(directory, { recursive: true, force: true });
});

async function push(registry: TestRegistry) {
  const image = `${registry.address}/box:1`;
  must(await daemon.berth("tag", "busybox", image));
  return await daemon.docker("push", image);
}

describe("a registry at another host", () => {
  test("whose authority nobody knows is refused, until certs.d knows it", async () => {
    const refused = await push(trusted);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/certificate/);
    await trust(trusted.address, ["ca.crt", "ca.crt"]);
    must(await push(trusted));
    must(await daemon.berth("rmi", `${trusted.address}/box:1`));
    must(await daemon.berth("pull", `${trusted.address}/box:1`));
  });
  test("that wants a client's certificate gets it from certs.d", async () => {
    await trust(strict.address, ["ca.crt", "ca.crt"]);
    expect((await push(strict)).code).toBe(1);
    await trust(strict.address, ["client.crt", "client.cert"], ["client.key", "client.key"]);
    must(await push(strict));
  });
  test("without TLS is for --insecure-registry alone", async () => {
    must(await push(plain));
    const other = await TestDaemon.start("--bridge", "none");
    try {
      const output = await other.berth("pull", `${plain.address}/box:1`);
      expect(output.code).toBe(1);
      expect(output.stderr).toMatch(/HTTP response to HTTPS client|tls|TLS|SSL|certificate/);
    } finally {
      await other.stop();
    }
  });
});

test("the host is left as it was found", async () => {
  expect(await daemon.stop()).toEqual([]);
});
