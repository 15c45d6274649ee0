import { describe, expect, test } from "bun:test";
import { mergeSettings, parseConfigFile, parseDaemonFlags } from "./daemon-settings.ts";

describe("parseDaemonFlags()", () => {
  test("reads every form", () => {
    const { settings, configFile } = parseDaemonFlags([
      "--data-root",
      "/d",
      "-H",
      "unix:///a",
      "--host=tcp://1.2.3.4:5",
      "-Hunix:///b",
      "--live-restore=false",
      "-D",
      "--log-opt",
      "max-size=10m",
      "--log-opt=max-file=3",
      "--mtu",
      "1400",
      "--default-shm-size",
      "128m",
      "--config-file=/c.json",
    ]);
    expect(configFile).toBe("/c.json");
    expect(settings).toEqual({
      "data-root": "/d",
      host: ["unix:///a", "tcp://1.2.3.4:5", "unix:///b"],
      "live-restore": false,
      debug: true,
      "log-opt": { "max-size": "10m", "max-file": "3" },
      mtu: 1400,
      "default-shm-size": 134217728,
    });
  });

  const wrong: [string[], string][] = [
    [["--nope"], "unknown flag: --nope"],
    [["-z"], "unknown flag: -z"],
    [["run"], "unknown argument for the daemon: run"],
    [["--bip"], "flag needs an argument: --bip"],
    [["--mtu", "x"], 'invalid argument "x" for "--mtu"'],
    [["--live-restore=maybe"], 'invalid argument "maybe" for "--live-restore"'],
    [["--log-opt", "x"], "expected KEY=VALUE"],
  ];
  for (const [args, message] of wrong) {
    test(`rejects ${args.join(" ")}`, () => expect(() => parseDaemonFlags(args)).toThrow(message));
  }
});

describe("parseConfigFile()", () => {
  test("reads dockerd's keys", () => {
    const text = JSON.stringify({
      hosts: ["unix:///a"],
      "log-opts": { "max-size": "1m" },
      "default-address-pools": [{ base: "10.9.0.0/16", size: 24 }],
      "default-ulimits": { nofile: { Name: "nofile", Soft: 1, Hard: 2 } },
      runtimes: { mine: { path: "/usr/bin/mine" } },
      debug: true,
    });
    expect(parseConfigFile(text, "f")).toEqual({
      host: ["unix:///a"],
      "log-opt": { "max-size": "1m" },
      "default-address-pool": ["base=10.9.0.0/16,size=24"],
      "default-ulimit": ["nofile=1:2"],
      "add-runtime": { mine: "/usr/bin/mine" },
      debug: true,
    });
  });

  test("reads the ceiling of dockerd's builder collection", () => {
    const limit = (gc: unknown) =>
      parseConfigFile(JSON.stringify({ builder: { gc } }), "f")["build-cache-limit"];
    expect(limit({ enabled: true, defaultKeepStorage: "10GB" })).toBe(10 * 1024 ** 3);
    expect(limit({ policy: [{ keepStorage: "1GB" }, { keepStorage: "2GB", all: true }] })).toBe(
      2 * 1024 ** 3,
    );
    expect(limit({ enabled: false })).toBe(0);
    expect(limit({})).toBeUndefined();
  });

  test("names what it does not know and what has the wrong type", () => {
    expect(() => parseConfigFile('{"nope":1,"neither":2}', "f.json")).toThrow(
      "unable to configure the Berth daemon with file f.json: the following directives don't match any configuration option: nope, neither",
    );
    expect(() => parseConfigFile('{"debug":"yes"}', "f")).toThrow('"debug" has a value of');
    expect(() => parseConfigFile("[]", "f")).toThrow("it must hold a JSON object");
    expect(() => parseConfigFile("{", "f")).toThrow("unable to configure the Berth daemon");
  });
});

describe("mergeSettings()", () => {
  test("joins what does not overlap", () => {
    expect(mergeSettings({ bip: "1" }, { mtu: 2 }, "f")).toEqual({ bip: "1", mtu: 2 });
  });
  test("refuses what both set", () => {
    expect(() => mergeSettings({ host: ["a"] }, { host: ["b", "c"] }, "f")).toThrow(
      "the following directives are specified both as a flag and in the configuration file: hosts: (from flag: [a], from file: [b c])",
    );
  });
});
