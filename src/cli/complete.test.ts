import { describe, expect, test } from "bun:test";
import type { EngineClient } from "../client/index.ts";
import { COMMAND_TREE } from "./command-tree.ts";
import { complete } from "./complete.ts";
import { globalFlags } from "./global-flags.ts";

const daemon = {
  containers: {
    list: async ({ all }: { all: boolean }) =>
      all ? [{ Names: ["/web"] }, { Names: ["/old"] }] : [{ Names: ["/web"] }],
  },
  images: { list: async () => [{ RepoTags: ["busybox:latest"] }] },
};
const sources = (client: unknown) => ({
  tree: COMMAND_TREE,
  globalFlags: globalFlags({}),
  client: async () => client as EngineClient,
});
const candidates = (...words: string[]) => complete(words, sources(daemon));

describe("complete()", () => {
  test("commands, and those of groups", async () => {
    expect(await candidates("re")).toEqual(["rename", "restart"]);
    expect(await candidates("container", "st")).toEqual(["start", "stats", "stop"]);
    expect(await candidates("-D", "image", "pu")).toEqual(["pull", "push"]);
  });
  test("flags of the program and of commands", async () => {
    expect(await candidates("--tls")).toEqual([
      "--tls",
      "--tlscacert",
      "--tlscert",
      "--tlskey",
      "--tlsverify",
    ]);
    expect(await candidates("ps", "--no")).toEqual(["--no-trunc"]);
    expect(await candidates("run", "--health-i")).toEqual(["--health-interval"]);
  });
  test("names of objects, running ones where only those make sense", async () => {
    expect(await candidates("stop", "")).toEqual(["web"]);
    expect(await candidates("rm", "-f", "")).toEqual(["old", "web"]);
    expect(await candidates("image", "rm", "b")).toEqual(["busybox:latest"]);
  });
  test("without a daemon there are no names", async () => {
    expect(await complete(["stop", ""], sources({}))).toEqual([]);
  });
});
