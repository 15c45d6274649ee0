/**
 * Every answer of the daemon has the shape that the Engine API's definition (1.56) gives it: types, enums,
 * required fields, and no field that the API does not know.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { hostStaysClean, useDaemon } from "../harness/suite.ts";
import { checkAnswer } from "./check-answer.ts";

const suite = useDaemon();
const JSON_HEADERS = { "Content-Type": "application/json" };

interface Call {
  /** The operation, as the definition names it. */
  operation: string;
  /** The path that is asked for, where it has parameters. */
  path?: string;
  status?: number;
  body?: unknown;
}

/** Asks the daemon and says what is wrong with its answer. */
async function complaints({ operation, path, status = 200, body }: Call): Promise<string[]> {
  const [method = "GET", template = ""] = operation.split(" ");
  const target = `/v1.56${path ?? template}`;
  const response = await suite.daemon.api(target, {
    method,
    ...(body === undefined ? {} : { headers: JSON_HEADERS, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== status) return [`${operation}: ${response.status} ${text.trim()}`];
  return checkAnswer({ method, path: target, status, body: text });
}

const create = async (name: string): Promise<void> => {
  const response = await suite.daemon.api(`/containers/create?name=${name}`, {
    method: "POST",
    headers: JSON_HEADERS,
    body: JSON.stringify({
      Image: "busybox",
      Cmd: ["sleep", "1000"],
      Labels: { a: "b" },
      ExposedPorts: { "80/tcp": {} },
      Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000_000 },
      HostConfig: {
        PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "0" }] },
        Binds: ["conformance:/data", "/tmp:/host:ro"],
        Memory: 64 << 20,
        Init: true,
        Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }],
      },
    }),
  });
  expect(await response.json()).toMatchObject({ Id: expect.any(String) });
};

beforeAll(async () => {
  await create("cc");
  await suite.daemon.api("/containers/cc/start", { method: "POST" });
}, 60_000);

describe("answers to questions", () => {
  const calls: Call[] = [
    { operation: "GET /_ping" },
    { operation: "GET /version" },
    { operation: "GET /info" },
    { operation: "GET /system/df" },
    { operation: "GET /events", path: "/events?since=1&until=0s" },
    { operation: "GET /containers/json", path: "/containers/json?all=1&size=1" },
    { operation: "GET /containers/{id}/json", path: "/containers/cc/json?size=1" },
    { operation: "GET /containers/{id}/top", path: "/containers/cc/top" },
    { operation: "GET /containers/{id}/changes", path: "/containers/cc/changes" },
    { operation: "GET /containers/{id}/stats", path: "/containers/cc/stats?stream=0&one-shot=1" },
    { operation: "GET /containers/{id}/json", path: "/containers/nope/json", status: 404 },
    { operation: "GET /images/json", path: "/images/json?all=1&shared-size=1" },
    { operation: "GET /images/{name}/json", path: "/images/busybox/json" },
    { operation: "GET /images/{name}/history", path: "/images/busybox/history" },
    { operation: "GET /images/{name}/json", path: "/images/nope/json", status: 404 },
    { operation: "GET /networks" },
    { operation: "GET /networks/{id}", path: "/networks/bridge" },
    { operation: "GET /networks/{id}", path: "/networks/nope", status: 404 },
    { operation: "GET /volumes" },
    { operation: "GET /volumes/{name}", path: "/volumes/conformance" },
    { operation: "GET /volumes/{name}", path: "/volumes/nope", status: 404 },
  ];
  for (const call of calls) {
    test(`${call.operation} ${call.path ?? ""} ${call.status ?? 200}`, async () => {
      expect(await complaints(call)).toEqual([]);
    });
  }
});

describe("answers to orders", () => {
  const calls: Call[] = [
    {
      operation: "POST /containers/{id}/update",
      path: "/containers/cc/update",
      body: { CpuShares: 512 },
    },
    { operation: "POST /containers/{id}/resize", path: "/containers/cc/resize?h=10&w=20" },
    { operation: "POST /containers/{id}/pause", path: "/containers/cc/pause", status: 204 },
    { operation: "POST /containers/{id}/unpause", path: "/containers/cc/unpause", status: 204 },
    { operation: "POST /containers/{id}/start", path: "/containers/cc/start", status: 304 },
    {
      operation: "POST /containers/{id}/rename",
      path: "/containers/cc/rename?name=dd",
      status: 204,
    },
    { operation: "POST /containers/{id}/kill", path: "/containers/dd/kill", status: 204 },
    { operation: "POST /containers/{id}/wait", path: "/containers/dd/wait" },
    { operation: "POST /containers/{id}/kill", path: "/containers/dd/kill", status: 409 },
    { operation: "POST /commit", path: "/commit?container=dd&repo=committed", status: 201 },
    { operation: "POST /images/{name}/tag", path: "/images/committed/tag?repo=t", status: 201 },
    { operation: "DELETE /images/{name}", path: "/images/t" },
    { operation: "DELETE /images/{name}", path: "/images/committed" },
    { operation: "DELETE /images/{name}", path: "/images/nope", status: 404 },
    { operation: "POST /containers/create", status: 404, body: { Image: "nope" } },
    { operation: "POST /containers/create", status: 400, body: { Cmd: 5 } },
    { operation: "POST /containers/prune", path: '/containers/prune?filters={"label":["x"]}' },
    { operation: "DELETE /containers/{id}", path: "/containers/dd", status: 204 },
    { operation: "DELETE /containers/{id}", path: "/containers/dd", status: 404 },
    { operation: "POST /volumes/create", status: 201, body: { Name: "vv", Labels: { a: "b" } } },
    { operation: "DELETE /volumes/{name}", path: "/volumes/vv", status: 204 },
    { operation: "POST /volumes/prune" },
    { operation: "POST /images/prune" },
    { operation: "POST /networks/prune" },
  ];
  for (const call of calls) {
    test(`${call.operation} ${call.path ?? ""} ${call.status ?? 200}`, async () => {
      expect(await complaints(call)).toEqual([]);
    });
  }

  test("POST /containers/{id}/exec and GET /exec/{id}/json", async () => {
    await create("ee");
    await suite.daemon.api("/containers/ee/start", { method: "POST" });
    const created = await suite.daemon.api("/containers/ee/exec", {
      method: "POST",
      headers: JSON_HEADERS,
      body: JSON.stringify({ Cmd: ["true"] }),
    });
    expect(created.status).toBe(201);
    const { Id } = (await created.json()) as { Id: string };
    const inspect = { operation: "GET /exec/{id}/json", path: `/exec/${Id}/json` };
    expect(await complaints(inspect)).toEqual([]);
    await suite.daemon.api("/containers/ee?force=1&v=1", { method: "DELETE" });
  });
});

hostStaysClean(suite);
