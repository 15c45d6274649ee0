import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFlags } from "../flags/parse-flags.ts";
import { globalFlags } from "../global-flags.ts";
import { readConfigFile } from "./config-file.ts";
import { parseHost, resolveEndpoint } from "./resolve-endpoint.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-cli-"));

function resolve(words: string[], environment: Record<string, string> = {}) {
  const all = { HOME: directory, ...environment };
  const { values, changed } = parseFlags(globalFlags(all), words, { interspersed: false });
  return resolveEndpoint({
    flags: values,
    changed,
    environment: all,
    config: () => readConfigFile(values.config),
  });
}

function writeContext(name: string, host: string): void {
  const id = new Bun.CryptoHasher("sha256").update(name).digest("hex");
  const meta = join(directory, ".docker/contexts/meta", id);
  mkdirSync(meta, { recursive: true });
  const value = { Name: name, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } };
  writeFileSync(join(meta, "meta.json"), JSON.stringify(value));
}

describe("resolveEndpoint()", () => {
  test("Berth's own socket without anything else", async () => {
    expect(await resolve([])).toEqual({ host: "unix:///run/berth.sock" });
  });
  test("the flag before BERTH_HOST before DOCKER_HOST", async () => {
    const environment = { BERTH_HOST: "unix:///b", DOCKER_HOST: "unix:///d" };
    expect((await resolve(["-H", "unix:///f"], environment)).host).toBe("unix:///f");
    expect((await resolve([], environment)).host).toBe("unix:///b");
    expect((await resolve([], { DOCKER_HOST: "unix:///d" })).host).toBe("unix:///d");
  });
  test("contexts by flag, environment and configuration", async () => {
    writeContext("far", "tcp://10.0.0.1:2375");
    expect((await resolve(["-c", "far"], { DOCKER_HOST: "unix:///d" })).host).toBe(
      "tcp://10.0.0.1:2375",
    );
    expect((await resolve([], { DOCKER_CONTEXT: "far" })).host).toBe("tcp://10.0.0.1:2375");
    const own = join(directory, "own");
    mkdirSync(own);
    writeFileSync(join(own, "config.json"), '{"currentContext":"default"}');
    expect((await resolve(["--config", own])).host).toBe("unix:///run/berth.sock");
  });
  test("an unknown context and two hosts are refused", () => {
    expect(resolve(["-c", "nope"])).rejects.toThrow('context "nope": context not found');
    expect(resolve(["-c", "far", "-H", "unix:///x"])).rejects.toThrow(
      "conflicting options: cannot specify both --host and --context",
    );
    expect(resolve(["--tls"])).rejects.toThrow(`open ${directory}/.docker/ca.pem: no such file`);
  });
});

test.each([
  ["unix:///x", "unix:///x"],
  ["tcp://", "tcp://localhost:2375"],
  [":1234", "tcp://localhost:1234"],
  ["host", "tcp://host:2375"],
  ["tcp://[::1]:99/path", "tcp://[::1]:99/path"],
])("parseHost(%s)", (text, host) => {
  expect(parseHost(text, false)).toBe(host);
});
