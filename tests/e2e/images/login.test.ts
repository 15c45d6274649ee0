import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { must, run } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { RegistryProxy } from "../../harness/registry-proxy.ts";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let registry: TestRegistry;
let open: TestRegistry;
let guarded: RegistryProxy;
let tokens: TokenServer;
beforeAll(async () => {
  const file = join(suite.daemon.root, "htpasswd");
  must(await run(["htpasswd", "-Bbc", file, "user", "secret"]));
  registry = await TestRegistry.start({
    config: [`auth: {htpasswd: {realm: test, path: ${file}}}`],
  });
  open = await TestRegistry.start();
  tokens = await TokenServer.start();
  guarded = await RegistryProxy.start(open.address);
  guarded.interfere = ({ authorization, path }) => {
    if (tokens.opens(authorization)) return undefined;
    const repository = /^\/v2\/(.+?)\/(?:blobs|manifests|tags)\//.exec(path)?.[1];
    const scope = repository === undefined ? "" : `,scope="repository:${repository}:pull,push"`;
    const challenge = `Bearer realm="${tokens.url}",service="test"${scope}`;
    return { answer: { status: 401, headers: { "WWW-Authenticate": challenge }, body: "{}" } };
  };
});
afterAll(async () => {
  await guarded.stop();
  await tokens.stop();
  await open.stop();
  await registry.stop();
});

/** Distribution's token specification, with tokens that mean nothing, and OAuth2's refresh_token grant. */
class TokenServer {
  readonly grants: string[] = [];
  private readonly given = new Set<string>();
  private readonly server = createServer(async (request, response) => {
    const answer = await this.answer(request);
    response.writeHead(answer === undefined ? 401 : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer ?? { details: "incorrect username or password" }));
  });

  static async start(): Promise<TokenServer> {
    const tokens = new TokenServer();
    await new Promise<void>((resolve) => tokens.server.listen(0, "127.0.0.1", resolve));
    return tokens;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`;
  }

  opens(authorization: string | undefined): boolean {
    return this.given.has(authorization?.replace("Bearer ", "") ?? "");
  }

  private async answer(request: IncomingMessage): Promise<object | undefined> {
    if (request.method === "POST") {
      const form = new URLSearchParams(await new Response(request as never).text());
      this.grants.push(form.get("grant_type") ?? "");
      const good = form.get("refresh_token") === "come-back" || form.get("password") === "secret";
      return good ? { access_token: this.issue(), refresh_token: "come-back" } : undefined;
    }
    const basic = `Basic ${Buffer.from("user:secret").toString("base64")}`;
    this.grants.push("basic");
    if (request.headers.authorization !== basic) return undefined;
    const offline = new URL(request.url ?? "", this.url).searchParams.get("offline_token");
    return { token: this.issue(), ...(offline === "true" ? { refresh_token: "come-back" } : {}) };
  }

  private issue(): string {
    const token = crypto.randomUUID();
    this.given.add(token);
    return token;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A home directory of its own, for one command line. */
async function home(name: string, config?: object): Promise<{ HOME: string }> {
  const directory = join(suite.daemon.root, `home-${name}`);
  await mkdir(join(directory, ".docker"), { recursive: true });
  const file = join(directory, ".docker/config.json");
  if (config !== undefined) await writeFile(file, JSON.stringify(config));
  return { HOME: directory };
}

const readConfig = async ({ HOME }: { HOME: string }) =>
  JSON.parse(await readFile(join(HOME, ".docker/config.json"), "utf8"));

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);

  describe(`${name}: login`, () => {
    test("basic: refused, stored as Docker stores it, used, erased", async () => {
      const env = await home(`${name}-basic`);
      const image = `${registry.address}/${name}/box:1`;
      must(await cli("tag", "busybox", image));
      const without = await cli("push", image, { env });
      expect(without.code).toBe(1);
      expect(without.stderr).toContain("no basic auth credentials");
      const user = ["-u", "user", "--password-stdin", registry.address];
      const wrong = await cli("login", ...user, { env, stdin: "wrong\n" });
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain("401 Unauthorized");
      const right = must(await cli("login", ...user, { env, stdin: "secret\n" }));
      expect(right.stdout).toContain("Login Succeeded");
      const auth = Buffer.from("user:secret").toString("base64");
      expect(await readConfig(env)).toEqual({ auths: { [registry.address]: { auth } } });
      must(await cli("push", image, { env }));
      must(await cli("rmi", image));
      must(await cli("pull", image, { env }));
      must(await cli("rmi", image));
      const out = must(await cli("logout", registry.address, { env }));
      expect(out.stdout).toBe(`Removing login credentials for ${registry.address}\n`);
      expect((await readConfig(env)).auths ?? {}).toEqual({});
      expect((await cli("pull", image, { env })).code).toBe(1);
    });
    test("bearer and identity token", async () => {
      const env = await home(`${name}-bearer`);
      const image = `${guarded.address}/${name}/box:1`;
      const user = ["-u", "user", "--password-stdin", guarded.address];
      expect((await cli("login", ...user, { env, stdin: "wrong" })).code).toBe(1);
      must(await cli("login", ...user, { env, stdin: "secret" }));
      const entry = (await readConfig(env)).auths[guarded.address];
      expect(entry.identitytoken).toBe("come-back");
      expect(entry.auth ?? "").not.toBe(Buffer.from("user:secret").toString("base64"));
      tokens.grants.length = 0;
      must(await cli("tag", "busybox", image));
      must(await cli("push", image, { env }));
      must(await cli("rmi", image));
      must(await cli("pull", image, { env }));
      expect(new Set(tokens.grants)).toEqual(new Set(["refresh_token"]));
      must(await cli("rmi", image));
    });
    test("credential store and helper programs", async () => {
      const bin = join(suite.daemon.root, `bin-${name}`);
      await mkdir(bin, { recursive: true });
      for (const helper of ["store", "helper"]) {
        const program = `#!/bin/sh
case $1 in
store) cat >${bin}/${helper}.json ;;
get) cat >/dev/null; [ -e ${bin}/${helper}.json ] || { echo "credentials not found in native keychain"; exit 1; }; cat ${bin}/${helper}.json ;;
erase) cat >/dev/null; rm -f ${bin}/${helper}.json ;;
list) echo '{}' ;;
esac
`;
        await writeFile(join(bin, `docker-credential-${helper}`), program, { mode: 0o755 });
      }
      const PATH = `${bin}:${process.env["PATH"]}`;
      const image = `${registry.address}/${name}/helped:1`;
      must(await cli("tag", "busybox", image));
      for (const [helper, config] of Object.entries({
        store: { credsStore: "store" },
        helper: { credsStore: "none", credHelpers: { [registry.address]: "helper" } },
      })) {
        const env = { ...(await home(`${name}-${helper}`, config)), PATH };
        const user = ["-u", "user", "--password-stdin", registry.address];
        must(await cli("login", ...user, { env, stdin: "secret" }));
        const stored = JSON.parse(await readFile(join(bin, `${helper}.json`), "utf8"));
        expect(stored).toEqual({
          ServerURL: registry.address,
          Username: "user",
          Secret: "secret",
        });
        expect(JSON.stringify(await readConfig(env))).not.toContain("c2VjcmV0");
        must(await cli("push", image, { env }));
        must(await cli("logout", registry.address, { env }));
        expect(await Bun.file(join(bin, `${helper}.json`)).exists()).toBe(false);
        expect((await cli("push", image, { env })).code).toBe(1);
      }
      must(await cli("rmi", image));
    });
  });
}

hostStaysClean(suite);
