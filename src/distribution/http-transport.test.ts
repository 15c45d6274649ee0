import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HttpTransport } from "./http-transport.ts";

let directory: string;
let secure: Bun.Server<undefined>;
let plain: Bun.Server<undefined>;
const pem = (name: string) => readFileSync(join(directory, name), "utf8");
beforeAll(() => {
  directory = mkdtempSync("/tmp/http-transport-");
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const files = ["-nodes", "-keyout", "key", "-out", "certificate"];
  const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const cwd = { cwd: directory, stderr: "ignore" as const };
  expect(Bun.spawnSync(["openssl", ...made, ...files, ...subject], cwd).exitCode).toBe(0);
  plain = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("plain") });
  secure = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { key: pem("key"), cert: pem("certificate") },
    fetch: () => Response.redirect(`http://127.0.0.1:${plain.port}/elsewhere`, 307),
  });
});
afterAll(async () => {
  await Promise.all([secure.stop(true), plain.stop(true)]);
  rmSync(directory, { recursive: true });
});

describe("a redirect from https to plain http", () => {
  const send = (tls: object) =>
    new HttpTransport().send({ method: "GET", url: `https://127.0.0.1:${secure.port}/v2/`, tls });

  test("is refused where the server was verified", async () => {
    const refusal = send({ ca: pem("certificate") });
    await expect(refusal).rejects.toThrow("refusing to go on from https to plain http");
  });

  test("is followed where nothing was verified anyway", async () => {
    const response = await send({ rejectUnauthorized: false });
    expect(Buffer.from(await response.bytes(100)).toString()).toBe("plain");
  });
});
