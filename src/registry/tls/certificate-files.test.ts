import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { Agent, get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { sha256 } from "../../spec/index.ts";
import { RegistryLog } from "../registry-log.ts";
import { parseSettings } from "../registry-settings.ts";
import { type RunningRegistry, serveRegistry } from "../serve-registry.ts";

let directory: string;
let registry: RunningRegistry;
let lines: string[];

/** A certificate whose common name is `name`, as `<name>.crt` and `<name>.key`. */
async function makeCertificate(name: string): Promise<void> {
  const at = (suffix: string): string => join(directory, `${name}.${suffix}`);
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-nodes", "-keyout", at("key"), "-out", at("crt")];
  const child = Bun.spawn(["openssl", ...made, ...files, ...subject], { stderr: "ignore" });
  if ((await child.exited) !== 0) throw new Error("openssl req failed");
}

/** As renewing programs do: a file beside, then renamed over the old one. */
async function put(name: string): Promise<void> {
  for (const suffix of ["key", "crt"]) {
    await copyFile(join(directory, `${name}.${suffix}`), join(directory, `new.${suffix}`));
    await rename(join(directory, `new.${suffix}`), join(directory, "live", `tls.${suffix}`));
  }
}

function ask(agent: Agent): Promise<{ name: string; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(`${registry.url}/v2/`, { agent, rejectUnauthorized: false }, (response) => {
      const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ name, body }));
    });
    request.on("error", reject);
  });
}

const askAnew = async (): Promise<string> => (await ask(new Agent())).name;

async function until(name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await askAnew()) === name) return;
    await Bun.sleep(50);
  }
  throw new Error(`the certificate of ${name} is not used`);
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-certificates-"));
  await makeCertificate("first");
  await makeCertificate("second");
  await Bun.$`mkdir ${join(directory, "live")}`;
  await put("first");
  lines = [];
  const live = join(directory, "live");
  const tls = { certificate: join(live, "tls.crt"), key: join(live, "tls.key") };
  const settings = { addr: "127.0.0.1:0", root: join(directory, "root"), tls };
  const log = new RegistryLog("info", (line) => lines.push(line));
  registry = await serveRegistry(parseSettings(settings), log);
});
afterEach(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

describe("CertificateFiles", () => {
  test("a renewed certificate is used by itself, also by who had an idle connection", async () => {
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await ask(kept)).toEqual({ name: "first", body: "{}" });
    await put("second");
    await until("second");
    expect(await ask(kept)).toEqual({ name: "second", body: "{}" });
    kept.destroy();
  });

  test("files that do not belong together change nothing and are reported", async () => {
    await writeFile(join(directory, "live", "tls.crt"), "no certificate");
    await registry.reload();
    expect(await askAnew()).toBe("first");
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: "warn", msg: "certificate" }),
    );
    await put("second");
    await registry.reload();
    expect(await askAnew()).toBe("second");
  });

  test("requests go on while certificates change, and the port answers at once", async () => {
    const blob = randomBytes(4_000_000);
    const parts = Array.from({ length: 40 }, (_, index) =>
      blob.subarray(index * 1e5, (index + 1) * 1e5),
    );
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(part);
        await Bun.sleep(10);
      },
    });
    const path = `${registry.url}/v2/slow/blobs/uploads/?digest=${sha256(blob)}`;
    const tls = { rejectUnauthorized: false };
    const pushing = fetch(path, { method: "POST", body, tls });
    for (let round = 0; round < 10; round++) {
      await put(round % 2 === 0 ? "second" : "first");
      await registry.reload();
      expect(await askAnew()).toBe(round % 2 === 0 ? "second" : "first");
    }
    expect(parts.length).toBeGreaterThan(0);
    expect((await pushing).status).toBe(201);
  });
});
