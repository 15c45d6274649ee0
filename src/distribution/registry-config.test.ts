import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpointsOf, isInsecure, parseMirror, type RegistryConfig } from "./registry-config.ts";

const config: RegistryConfig = {
  insecureRegistries: ["reg.lan", "other.lan:5000", "10.1.0.0/16"],
  mirrors: ["https://mirror.lan/hub/"],
  certificateDirectories: [],
  authorityFiles: [],
};

describe("isInsecure()", () => {
  const cases: [string, boolean][] = [
    ["localhost:5000", true],
    ["127.0.0.1", true],
    ["127.8.9.1:80", true],
    ["[::1]:5000", true],
    ["reg.lan:443", true],
    ["other.lan:5000", true],
    ["other.lan:5001", false],
    ["10.1.2.3:5000", true],
    ["10.2.2.3:5000", false],
    ["docker.io", false],
    ["127.0.0.1.example", false],
  ];
  for (const [host, insecure] of cases) {
    test(host, () => expect(isInsecure(host, config.insecureRegistries)).toBe(insecure));
  }
});

describe("endpointsOf()", () => {
  test("puts mirrors before Docker Hub, and only there", () => {
    expect(
      endpointsOf("docker.io", config).map(({ baseUrl, mirror }) => [baseUrl, mirror]),
    ).toEqual([
      ["https://mirror.lan/hub", true],
      ["https://registry-1.docker.io", false],
    ]);
    expect(endpointsOf("quay.example", config)).toEqual([
      { baseUrl: "https://quay.example", mirror: false, insecure: false, tls: undefined },
    ]);
  });

  test("puts mirrors before the registry that they name", () => {
    const mirrors = [
      "https://hub.lan",
      "ghcr.example=http://one.lan:5000",
      "ghcr.example=https://two.lan/x/",
    ];
    const asked = (domain: string) =>
      endpointsOf(domain, { ...config, mirrors }).map(({ baseUrl }) => baseUrl);
    expect(asked("ghcr.example")).toEqual([
      "http://one.lan:5000",
      "https://two.lan/x",
      "https://ghcr.example",
    ]);
    expect(asked("docker.io")).toEqual(["https://hub.lan", "https://registry-1.docker.io"]);
    for (const text of ["hub.lan", "ftp://x", "a=b=http://x", "http://user@x", "x=http://y?z=1"]) {
      expect(() => parseMirror(text)).toThrow(`invalid mirror: "${text}"`);
    }
  });

  test("reads authorities and client certificates of a host", async () => {
    const directory = await mkdtemp(join(tmpdir(), "berth-certs-"));
    await mkdir(join(directory, "reg.example:5000"));
    for (const name of ["ca.crt", "client.cert", "client.key"]) {
      await writeFile(join(directory, "reg.example:5000", name), name);
    }
    const [endpoint] = endpointsOf("reg.example:5000", {
      ...config,
      certificateDirectories: [join(directory, "none"), directory],
    });
    expect(endpoint?.tls?.ca).toContain("ca.crt");
    expect(endpoint?.tls).toMatchObject({ cert: "client.cert", key: "client.key" });
    await rm(directory, { recursive: true });
  });
});
