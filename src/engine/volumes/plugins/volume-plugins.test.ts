import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Collection } from "../../../store/index.ts";
import { findPlugin, pluginNames } from "./find-plugins.ts";
import { callPlugin } from "./plugin-call.ts";
import { type PluginMount, VolumePlugins } from "./volume-plugins.ts";

let root: string;
const servers: { stop(force?: boolean): void }[] = [];
beforeEach(() => {
  root = mkdtempSync("/tmp/plugins-");
});
afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true);
  rmSync(root, { recursive: true, force: true });
});

const directories = () => ({ sockets: [join(root, "run")], specs: [join(root, "etc")] });
const place = (...parts: string[]) => {
  mkdirSync(join(root, ...parts.slice(0, -1)), { recursive: true });
  return join(root, ...parts);
};

function plugin(
  socket: string,
  answer: (path: string, body: unknown) => Response | Promise<Response>,
) {
  const server = Bun.serve({
    unix: socket,
    fetch: async (request) =>
      answer(new URL(request.url, "http://x").pathname, await request.json()),
  });
  servers.push(server);
}

function mounts(): Collection<PluginMount> {
  const rows = new Map<string, PluginMount>();
  return {
    get: (key) => rows.get(key),
    all: () => [...rows.values()],
    entries: () => [...rows],
    put: (key, value) => void rows.set(key, value),
    delete: (key) => rows.delete(key),
  };
}

describe("findPlugin()", () => {
  test("finds sockets, specs and JSON files, each also in a directory of its name", () => {
    writeFileSync(place("run", "one.sock"), "");
    writeFileSync(place("run", "two", "two.sock"), "");
    writeFileSync(place("etc", "three.spec"), "unix:///somewhere/else.sock\n");
    writeFileSync(place("etc", "four.spec"), "tcp://127.0.0.1:8080");
    writeFileSync(place("etc", "ca.pem"), "authority");
    const secured = {
      Name: "five",
      Addr: "https://127.0.0.1:8443/",
      TLSConfig: { CAFile: join(root, "etc/ca.pem") },
    };
    writeFileSync(place("etc", "five.json"), JSON.stringify(secured));
    writeFileSync(place("etc", "broken.json"), "{");
    mkdirSync(place("run", "empty", "x"), { recursive: true });
    expect(pluginNames(directories())).toEqual(["broken", "five", "four", "one", "three", "two"]);
    expect(findPlugin(directories(), "one")).toEqual({
      name: "one",
      socket: join(root, "run/one.sock"),
    });
    expect(findPlugin(directories(), "two")?.socket).toBe(join(root, "run/two/two.sock"));
    expect(findPlugin(directories(), "three")?.socket).toBe("/somewhere/else.sock");
    expect(findPlugin(directories(), "four")?.url).toBe("http://127.0.0.1:8080");
    expect(findPlugin(directories(), "five")).toEqual({
      name: "five",
      url: "https://127.0.0.1:8443",
      tls: { ca: "authority", rejectUnauthorized: true },
    });
    expect(() => findPlugin(directories(), "broken")).toThrow("Cannot read the plugin file");
    for (const name of ["none", "../run/one", ".", ""]) {
      expect(findPlugin(directories(), name)).toBeUndefined();
    }
    expect(pluginNames({ sockets: ["/no/such"], specs: [] })).toEqual([]);
  });
});

describe("callPlugin()", () => {
  const patience = { connect: 300, answer: 300 };
  const endpoint = () => ({ name: "p", socket: place("run", "p.sock") });

  test("sends JSON, gives the answer, tells the plugin's complaints", async () => {
    plugin(endpoint().socket, (path, body) => {
      if (path === "/V.Fail") return Response.json({ Err: "no room" }, { status: 500 });
      if (path === "/V.Polite") return Response.json({ Err: "no room" });
      if (path === "/V.Text") return new Response("broken\n", { status: 500 });
      return Response.json({ path, body, Err: "" });
    });
    const call = (method: string) => callPlugin(endpoint(), method, { Name: "x" }, patience);
    expect(await call("V.Echo")).toMatchObject({ path: "/V.Echo", body: { Name: "x" } });
    await expect(call("V.Fail")).rejects.toThrow(/^V.Fail: no room$/);
    await expect(call("V.Polite")).rejects.toThrow(/^no room$/);
    await expect(call("V.Text")).rejects.toThrow(/^V.Text: broken$/);
  });

  test("waits for one that is starting, not for ever; nor for an answer", async () => {
    const late = callPlugin(endpoint(), "V.X", {}, { ...patience, connect: 3000 });
    await Bun.sleep(100);
    plugin(endpoint().socket, (path) =>
      path === "/V.Slow" ? Bun.sleep(2000).then(() => Response.json({})) : Response.json({ ok: 1 }),
    );
    expect(await late).toMatchObject({ ok: 1 });
    await expect(callPlugin(endpoint(), "V.Slow", {}, patience)).rejects.toThrow(
      "context deadline exceeded",
    );
    const absent = { name: "q", socket: join(root, "run/q.sock") };
    await expect(callPlugin(absent, "V.X", {}, patience)).rejects.toThrow(
      `dial unix ${absent.socket}: connect: connection refused`,
    );
  });
});

describe("VolumePlugins", () => {
  test("asks each once what it is; keeps note of mounts until they are ended", async () => {
    const asked: string[] = [];
    plugin(place("run", "p.sock"), (path) => {
      asked.push(path);
      if (path === "/Plugin.Activate") return Response.json({ Implements: ["VolumeDriver"] });
      if (path.endsWith("Capabilities")) return new Response("", { status: 404 });
      if (path.endsWith("Mount")) return Response.json({ Mountpoint: "/somewhere" });
      return Response.json({});
    });
    const plugins = new VolumePlugins({ directories: directories(), mounts: mounts() });
    const mount = { driver: "p", volume: "v", holder: "c" };
    expect(await plugins.mount(mount)).toBe("/somewhere");
    expect(await plugins.scope("p")).toBe("local");
    expect(plugins.mounts()).toEqual([mount]);
    await plugins.unmount(mount);
    await plugins.unmount(mount);
    expect(plugins.mounts()).toEqual([]);
    expect(asked.filter((path) => path === "/Plugin.Activate")).toHaveLength(1);
    expect(asked.filter((path) => path.endsWith("Unmount"))).toHaveLength(1);
  });

  test("refuses what is no volume plugin, in Docker's words", async () => {
    plugin(place("run", "net.sock"), () => Response.json({ Implements: ["NetworkDriver"] }));
    const plugins = new VolumePlugins({ directories: directories(), mounts: mounts() });
    await expect(plugins.create("none", "v", {})).rejects.toThrow(
      'error looking up volume plugin none: plugin "none" not found',
    );
    await expect(plugins.create("net", "v", {})).rejects.toThrow(
      "error looking up volume plugin net: legacy plugin: Plugin does not implement the requested driver",
    );
  });
});
