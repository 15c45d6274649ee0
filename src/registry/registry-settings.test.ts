import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings, parseSettings } from "./registry-settings.ts";

describe("parseSettings()", () => {
  test("has defaults that are safe", () => {
    const settings = parseSettings({});
    expect(settings).toMatchObject({ hostname: "127.0.0.1", port: 5000, readOnly: false });
    expect(settings.gc).toEqual({
      interval: 21_600_000,
      grace: 3_600_000,
      uploadLifetime: 86_400_000,
    });
    expect(settings.maxManifestSize).toBe(4 << 20);
  });

  test("reads durations, sizes, lists and addresses", () => {
    const settings = parseSettings({
      addr: "[::1]:0",
      gc: { grace: "90m" },
      quotas: [{ namespace: "a", bytes: "1.5GiB" }],
      retention: [{ repositories: "a/**", keepLast: 3, olderThan: "30d" }],
    });
    expect(settings).toMatchObject({ hostname: "::1", port: 0 });
    expect(settings.gc.grace).toBe(5_400_000);
    expect(settings.quotas[0]?.bytes).toBe(1.5 * 2 ** 30);
    expect(settings.retention[0]).toMatchObject({
      repositories: ["a/**"],
      olderThan: 30 * 86_400_000,
    });
  });

  test("flags go before the file", () => {
    const settings = parseSettings({ addr: ":1", root: "/a" }, { addr: ":2", readOnly: true });
    expect(settings).toMatchObject({ hostname: "0.0.0.0", port: 2, root: "/a", readOnly: true });
  });

  test.each<[unknown, string]>([
    [[], '"the file" is no object'],
    [{ adr: ":1" }, '"adr" is not a setting'],
    [{ addr: "5000" }, 'Cannot listen on "5000"'],
    [{ gc: { grace: "soon" } }, '"gc.grace" is no duration'],
    [{ gc: { grave: "1h" } }, '"gc.grave" is not a setting'],
    [{ quotas: [{ namespace: "a" }] }, '"quotas[0].bytes" is missing'],
    [{ quotas: {} }, '"quotas" is no list'],
    [{ auth: {} }, '"auth" wants either htpasswd or externalTokens'],
    [
      { auth: { htpasswd: "f", rules: [{ actions: "fly" }] } },
      '"auth.rules[0].actions" is none of',
    ],
    [{ tls: { key: "k" } }, "certificate and key belong together"],
    [{ upstreams: [{ registry: "docker.io" }] }, '"upstreams[0].prefix" is missing'],
    [{ webhooks: [{ url: "ftp://x" }] }, '"webhooks[0].url" is no http or https URL'],
    [{ s3: {} }, '"s3.bucket" is missing'],
    [{ maxBlobSize: "1 GB" }, '"maxBlobSize" is no size'],
    [{ metrics: "yes" }, '"metrics" is neither true nor false'],
  ])("refuses %j", (values, message) => {
    expect(() => parseSettings(values)).toThrow(message);
  });
});

test("loadSettings() reads JSON and YAML, and says which file is wrong", async () => {
  const directory = await mkdtemp(join(tmpdir(), "berth-settings-"));
  const file = async (name: string, text: string) => {
    await writeFile(join(directory, name), text);
    return { config: join(directory, name) };
  };
  const json = await file("a.json", '{"readOnly": true}');
  const yaml = await file("a.yaml", "readOnly: true\nquotas:\n  - namespace: a\n    bytes: 1GiB\n");
  expect((await loadSettings(json)).readOnly).toBe(true);
  expect((await loadSettings(yaml)).quotas).toEqual([{ namespace: "a", bytes: 2 ** 30 }]);
  const broken = loadSettings(await file("b.json", "{"));
  expect(broken).rejects.toThrow(`Cannot read "${join(directory, "b.json")}"`);
  await broken.catch(() => {});
  await rm(directory, { recursive: true, force: true });
});
