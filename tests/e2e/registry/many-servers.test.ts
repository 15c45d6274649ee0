import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { sha256 } from "../../../src/spec/index.ts";
import { BerthRegistry } from "../../harness/berth-registry.ts";
import { BERTH, must, run } from "../../harness/daemon.ts";
import { Samples } from "../../harness/sample-image.ts";
import { Swift, swiftIsPackaged } from "../../harness/swift.ts";

interface Shared {
  readonly settings: Record<string, unknown>;
  stop(): Promise<void>;
}

async function sharedDirectory(): Promise<Shared> {
  const first = await BerthRegistry.start();
  const root = `${first.directory}/shared`;
  return { settings: { root }, stop: () => first.stop() };
}

async function sharedBucket(): Promise<Shared> {
  const swift = await Swift.start();
  const s3 = swift.settings("shared");
  const { endpoint, accessKeyId, secretAccessKey } = s3;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: "shared" }));
  return { settings: { s3 }, stop: () => swift.stop() };
}

const places: [string, boolean, () => Promise<Shared>][] = [
  ["one directory", true, sharedDirectory],
  ["one bucket of Swift's S3 interface", swiftIsPackaged, sharedBucket],
];

for (const [place, there, open] of places) {
  describe.skipIf(!there)(`two servers on ${place}`, () => {
    let shared: Shared;
    let one: BerthRegistry;
    let two: BerthRegistry;
    beforeAll(async () => {
      shared = await open();
      const gc = { interval: "0s", grace: "3s" };
      one = await BerthRegistry.start({ ...shared.settings, gc });
      two = await BerthRegistry.start({ ...shared.settings, gc });
    }, 60_000);
    afterAll(async () => {
      await one.stop();
      await two.stop();
      await shared.stop();
    });

    test("what one has the other has", async () => {
      const options = { layers: [7_000_000, 100] };
      const { digest } = await new Samples(one.address).image("share/app", "v1", options);
      expect(await new Samples(two.address).digest("share/app", "v1")).toBe(digest);
      const copy = [
        "registry",
        "copy",
        "-q",
        `${two.address}/share/app:v1`,
        `${one.address}/share/copy`,
      ];
      expect(must(await run([BERTH, ...copy])).stdout.trim()).toBe(digest);
    }, 60_000);

    test("an upload goes on at the other when its server was killed", async () => {
      const bytes = Buffer.alloc(12_000_000, "some bytes ");
      const start = await fetch(`http://${one.address}/v2/share/up/blobs/uploads/`, {
        method: "POST",
      });
      const location = start.headers.get("location") ?? "";
      const first = bytes.subarray(0, 6_500_000);
      await fetch(`http://${one.address}${location}`, { method: "PATCH", body: first });
      await one.kill();
      const status = await fetch(`http://${two.address}${location}`);
      expect(status.headers.get("range")).toBe("0-6499999");
      const rest = { method: "PUT", body: bytes.subarray(6_500_000) };
      const digest = sha256(bytes);
      const end = await fetch(`http://${two.address}${location}?digest=${digest}`, rest);
      expect(end.status).toBe(201);
      await one.run();
      const blob = await fetch(`http://${one.address}/v2/share/up/blobs/${digest}`);
      expect(sha256(new Uint8Array(await blob.arrayBuffer()))).toBe(digest);
      const range = { headers: { Range: "bytes=5-14" } };
      const part = await fetch(`http://${one.address}/v2/share/up/blobs/${digest}`, range);
      expect(part.status).toBe(206);
      expect(await part.text()).toBe("bytes some");
    }, 60_000);

    test("a collection removes what nothing refers to, seen by both", async () => {
      await new Samples(one.address).image("share/kept", "v1", { layers: [50] });
      const lost = await new Samples(one.address).blob("share/kept", Buffer.from("lost"));
      await Bun.sleep(5000);
      const collected = must(await run([BERTH, "registry", "gc", "--config", one.config])).stdout;
      expect(JSON.parse(collected).blobs).toBeGreaterThan(0);
      const url = `http://${two.address}/v2/share/kept`;
      expect((await fetch(`${url}/blobs/${lost.digest}`)).status).toBe(404);
      const { layers } = await new Samples(two.address).read("share/kept", "v1");
      for (const { digest } of layers as { digest: string }[]) {
        expect((await fetch(`${url}/blobs/${digest}`)).status).toBe(200);
      }
    }, 60_000);
  });
}
