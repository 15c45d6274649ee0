import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobKey } from "../../../src/registry/storage/layout.ts";
import type { Digest } from "../../../src/spec/index.ts";
import { BerthRegistry } from "../../harness/berth-registry.ts";
import { makeCertificate } from "../../harness/certificate.ts";
import { BERTH, must, run } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import { Samples } from "../../harness/sample-image.ts";
import { encodeTarEntry, TAR_END } from "../../harness/sample-tar.ts";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";
import { verifyRegistryStore } from "../../harness/verify-registry-store.ts";

const TRUSTED = "/etc/berth/certs.d";
let outside: OutsideHost;
let directory: string;
// The daemon is started after the outside host exists, so that the comparison at the end is of the same host.
beforeAll(async () => {
  outside = await OutsideHost.make(53);
  directory = await mkdtemp("/tmp/be2e-registry-daemon-");
});
const suite = useDaemon();
afterAll(async () => {
  await outside.close();
  await rm(directory, { recursive: true, force: true });
});

async function htpasswd(...users: string[]): Promise<string> {
  const file = join(directory, `htpasswd-${users.join("-")}`);
  const lines: string[] = [];
  for (const user of users) {
    const passwd = run([BERTH, "registry", "passwd", user], { stdin: `${user}-secret\n` });
    lines.push(must(await passwd).stdout);
  }
  await writeFile(file, lines.join(""));
  return file;
}

/** Runs with a registry of its own, which ends with it. */
async function withRegistry(
  settings: Record<string, unknown>,
  work: (registry: BerthRegistry) => Promise<void>,
): Promise<void> {
  const registry = await BerthRegistry.start(settings);
  try {
    await work(registry);
  } finally {
    await registry.stop();
  }
}

/** An image of its own in the daemon: a layer of noise. */
async function newImage(name: string, size = 1000): Promise<string> {
  const tar = Buffer.concat([encodeTarEntry("noise", randomBytes(size)), TAR_END]);
  must(await suite.daemon.berth("import", "-", name, { stdin: tar }));
  return name;
}

for (const program of COMMAND_LINES) {
  const cli = commandLine(suite, program);
  const login = async (address: string, user: string, password = `${user}-secret`) =>
    await cli("login", "-u", user, "--password-stdin", address, { stdin: password });
  const pushBox = async (image: string) => {
    must(await cli("tag", "busybox", image));
    return await cli("push", image);
  };

  describe(`${program} and berth registry serve`, () => {
    test("users with TLS: nothing without a login, everything with one", async () => {
      const { address, name } = outside;
      const tls = await makeCertificate(directory, address);
      const place = { within: ["ip", "netns", "exec", name], address: `${address}:5443` };
      const auth = { htpasswd: await htpasswd("anna") };
      const registry = await BerthRegistry.start({ tls, auth }, place);
      const authority = join(TRUSTED, registry.address);
      try {
        const image = `${registry.address}/team/box:1`;
        expect((await pushBox(image)).stderr).toMatch(/certificate/);
        await mkdir(authority, { recursive: true });
        await copyFile(tls.certificate, join(authority, "ca.crt"));
        expect((await pushBox(image)).stderr).toMatch(/no basic auth credentials|authentication/);
        expect((await login(registry.address, "anna", "wrong")).code).not.toBe(0);
        must(await login(registry.address, "anna"));
        must(await pushBox(image));
        must(await cli("rmi", image));
        expect(must(await cli("run", "--rm", image, "echo", "there")).stdout).toBe("there\n");
        must(await cli("rmi", image));
        must(await cli("logout", registry.address));
        expect((await cli("pull", image)).code).not.toBe(0);
      } finally {
        await registry.stop();
        await rm(authority, { recursive: true, force: true });
      }
    }, 60_000);

    test("tokens: anybody pulls, each pushes where it may", async () => {
      const rules = [
        { users: ["anna"], repositories: ["team/**"], actions: ["pull", "push"] },
        { users: ["*"], actions: ["pull"] },
      ];
      const auth = { htpasswd: await htpasswd("anna", "bert"), anonymousPull: true, rules };
      await withRegistry({ auth }, async ({ address }) => {
        const image = `${address}/team/box:1`;
        expect((await pushBox(image)).code).not.toBe(0);
        must(await login(address, "bert"));
        expect((await pushBox(image)).stderr).toMatch(/denied|unauthorized|authentication/);
        must(await login(address, "anna"));
        must(await pushBox(image));
        expect((await pushBox(`${address}/else/box:1`)).code).not.toBe(0);
        must(await cli("logout", address));
        must(await cli("rmi", image));
        must(await cli("pull", image));
        must(await cli("rmi", image));
      });
    }, 60_000);

    test("a cache of two registries, also when both are gone", async () => {
      const one = await BerthRegistry.start();
      const two = await BerthRegistry.start();
      const upstreams = [
        { prefix: "one", registry: one.address, freshFor: "0s" },
        { prefix: "two", registry: two.address },
      ];
      try {
        const index = await new Samples(one.address).index("library/app", "v1");
        await new Samples(two.address).image("team/tool", "v1", { layers: [300_000, 10] });
        await withRegistry({ upstreams }, async ({ address }) => {
          const images = [`${address}/one/library/app:v1`, `${address}/two/team/tool:v1`];
          for (const image of images) must(await cli("pull", image));
          expect((await pushBox(`${address}/one/library/box:1`)).code).not.toBe(0);
          must(await cli("rmi", ...images));
          await one.kill();
          await two.kill();
          for (const image of images) must(await cli("pull", image));
          const pulled = must(await cli("image", "inspect", images[0] ?? "")).stdout;
          expect(pulled).toContain(`@${index.digest}`);
          must(await cli("rmi", ...images));
        });
      } finally {
        await one.stop();
        await two.stop();
      }
    }, 60_000);

    test("read-only and quotas: a push is refused with the reason", async () => {
      await withRegistry({ readOnly: true }, async ({ address }) => {
        const refused = await pushBox(`${address}/box:1`);
        expect(refused.code).not.toBe(0);
        expect(refused.stderr).toContain("the registry is read-only");
      });
      const quotas = [{ namespace: "team", bytes: "500KiB" }];
      await withRegistry({ quotas }, async ({ address }) => {
        const small = await newImage(`${address}/team/small:1`, 1000);
        must(await cli("push", small));
        const large = await newImage(`${address}/team/large:1`, 2_000_000);
        const refused = await cli("push", large);
        expect(refused.code).not.toBe(0);
        expect(refused.stderr).toContain('the quota of "team/large" is exhausted');
        must(await cli("tag", large, `${address}/else/large:1`));
        must(await cli("push", `${address}/else/large:1`));
        must(await cli("rmi", small, large, `${address}/else/large:1`));
      });
    }, 60_000);

    test("a push goes on when the registry is killed and started again", async () => {
      await withRegistry({}, async (registry) => {
        const size = 80_000_000;
        const image = await newImage(`${registry.address}/big:1`, size);
        const uploads = join(registry.root, "uploads");
        const received = async () => {
          const names = (await readdir(uploads)).filter((name) => name.endsWith(".part"));
          const sizes = await Promise.all(names.map((name) => stat(join(uploads, name))));
          return Math.max(0, ...sizes.map((found) => found.size));
        };
        const pushing = cli("push", image);
        await eventually(async () => (await received()) > 2_000_000);
        await registry.kill();
        await registry.run();
        must(await pushing);
        expect((await verifyRegistryStore(registry.root)).faults).toEqual([]);
        must(await cli("rmi", image));
        must(await cli("pull", image));
        must(await cli("rmi", image));
      });
    }, 60_000);
  });
}

describe("a daemon that pushes", () => {
  const { berth } = { berth: commandLine(suite, "berth") };

  test("while the registry collects: nothing is lost, and what nobody wants goes", async () => {
    const gc = { interval: "0.1s", grace: "3s" };
    const retention = [{ repositories: ["old/**"], keepLast: 1, untagged: true }];
    await withRegistry({ gc, retention }, async (registry) => {
      const { address, root } = registry;
      const images: string[] = [];
      for (let index = 0; index < 12; index++) {
        const image = await newImage(`${address}/kept/app${index % 3}:v${index}`, 200_000);
        must(await berth("push", "-q", image));
        images.push(image);
      }
      for (const tag of ["v1", "v2", "v3"]) {
        must(await berth("tag", images[0] ?? "", `${address}/old/app:${tag}`));
        must(await berth("push", "-q", `${address}/old/app:${tag}`));
        must(await berth("rmi", `${address}/old/app:${tag}`));
      }
      const samples = new Samples(address);
      const lost = await samples.blob("kept/app0", Buffer.from("nobody refers to it"));
      // Looked at from outside: who asks the registry for a blob keeps it.
      const file = join(root, blobKey(lost.digest as Digest));
      expect(existsSync(file)).toBe(true);
      await eventually(async () => !existsSync(file), 15_000);
      const list = await fetch(`http://${address}/v2/old/app/tags/list`);
      expect(await list.json()).toEqual({ name: "old/app", tags: ["v3"] });
      expect((await verifyRegistryStore(root)).faults).toEqual([]);
      must(await berth("rmi", ...images));
      for (const image of images) must(await berth("pull", "-q", image));
      must(await berth("rmi", ...images));
    });
  }, 60_000);

  test("is told of by a signed call and counted", async () => {
    const calls: { signature: string | null; body: string }[] = [];
    const listener = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const signature = request.headers.get("x-berth-signature-256");
        calls.push({ signature, body: await request.text() });
        return new Response("");
      },
    });
    const webhooks = [{ url: listener.url.href, secret: "key", repositories: ["team/**"] }];
    await withRegistry({ webhooks }, async ({ address }) => {
      const image = await newImage(`${address}/team/app:v7`);
      must(await berth("push", "-q", image));
      await eventually(async () => calls.length > 0);
      const [{ signature, body } = { signature: "", body: "{}" }] = calls;
      const digest = createHmac("sha256", "key").update(body).digest("hex");
      expect(signature).toBe(`sha256=${digest}`);
      const { events } = JSON.parse(body) as { events: Record<string, unknown>[] };
      expect(events[0]).toMatchObject({
        action: "push",
        target: { repository: "team/app", tag: "v7" },
      });
      const metrics = await (await fetch(`http://${address}/metrics`)).text();
      expect(metrics).toMatch(
        /requests_total\{method="PUT",resource="manifest",status="201"\} 1\n/,
      );
      expect(metrics).toMatch(/received_bytes_total [1-9]\d+/);
      must(await berth("rmi", image));
    });
    await listener.stop(true);
  }, 60_000);

  test("to one of two servers pulls from the other, with the first one's login", async () => {
    const root = join(directory, "shared");
    const auth = { htpasswd: await htpasswd("anna"), tokens: {} };
    await withRegistry({ root, auth }, async (one) => {
      await withRegistry({ root, auth }, async (two) => {
        for (const { address } of [one, two]) {
          const stdin = "anna-secret";
          must(await berth("login", "-u", "anna", "--password-stdin", address, { stdin }));
        }
        const image = await newImage(`${one.address}/shared/app:1`, 300_000);
        must(await berth("push", "-q", image));
        must(await berth("rmi", image));
        await one.kill();
        const other = image.replace(one.address, two.address);
        must(await berth("pull", "-q", other));
        must(await berth("rmi", other));
        for (const { address } of [one, two]) must(await berth("logout", address));
      });
    });
  }, 60_000);
});

hostStaysClean(suite);
