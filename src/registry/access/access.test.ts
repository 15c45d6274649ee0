import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { importPKCS8, SignJWT } from "jose";
import { codeOf, TestRegistry } from "../testing/test-registry.ts";

let directory: string;
let htpasswd: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-access-"));
  htpasswd = join(directory, "htpasswd");
  const line = (user: string) => `${user}:${hashSync(`${user}-password`, 4)}\n`;
  await writeFile(htpasswd, `# users\n\n${line("anna")}${line("bob")}`);
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const basic = (user: string, password = `${user}-password`) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

async function pushed(registry: TestRegistry, name: string, headers: Record<string, string>) {
  return (await registry.send("POST", `/v2/${name}/blobs/uploads/`, { headers })).status;
}

describe("htpasswd", () => {
  test("asks for a login, takes a good one and no other", async () => {
    await using registry = await TestRegistry.start({ auth: { htpasswd } });
    const anonymous = await registry.send("GET", "/v2/");
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get("www-authenticate")).toBe('Basic realm="Berth Registry"');
    expect(await codeOf(anonymous)).toBe("UNAUTHORIZED");
    expect((await registry.send("GET", "/v2/", { headers: basic("anna") })).status).toBe(200);
    for (const wrong of [
      basic("anna", "x"),
      basic("nobody", "x"),
      bearer("x"),
      { Authorization: "Basic !" },
    ]) {
      expect((await registry.send("GET", "/v2/", { headers: wrong })).status).toBe(401);
    }
    expect(await pushed(registry, "a", {})).toBe(401);
    expect(await pushed(registry, "a", basic("anna"))).toBe(202);
    expect(registry.lines.join("")).not.toContain("password");
  });

  test("sees users that are added while it serves", async () => {
    const file = join(directory, "growing");
    await writeFile(file, `anna:${hashSync("a", 4)}\n`);
    await using registry = await TestRegistry.start({ auth: { htpasswd: file } });
    expect((await registry.send("GET", "/v2/", { headers: basic("carl", "c") })).status).toBe(401);
    await appendFile(file, `carl:${hashSync("c", 4)}\n`);
    expect((await registry.send("GET", "/v2/", { headers: basic("carl", "c") })).status).toBe(200);
  });

  test("refuses to start with a file that it cannot read", async () => {
    const file = join(directory, "broken");
    await writeFile(file, "anna:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n");
    const started = TestRegistry.start({ auth: { htpasswd: file } });
    expect(started).rejects.toThrow(`Cannot read "${file}": line 1`);
    await started.catch(() => {});
  });
});

describe("rules", () => {
  test("give rights per repository; the catalog shows what may be pulled", async () => {
    const rules = [
      { users: ["anna"], repositories: ["**"], actions: ["pull", "push", "delete"] },
      { users: ["*"], repositories: ["public/**"], actions: ["pull"] },
      { users: ["bob"], repositories: ["bob/*"], actions: ["pull", "push"] },
    ];
    await using registry = await TestRegistry.start({ auth: { htpasswd, rules } });
    expect(await pushed(registry, "public/app", basic("anna"))).toBe(202);
    const denied = await registry.send("POST", "/v2/public/app/blobs/uploads/", {
      headers: basic("bob"),
    });
    expect(denied.status).toBe(403);
    expect(await codeOf(denied)).toBe("DENIED");
    expect(await pushed(registry, "bob/app", basic("bob"))).toBe(202);
    expect(await pushed(registry, "bob/app/deep", basic("bob"))).toBe(403);
    const manifest = "/v2/bob/app/manifests/v1";
    const forbidden = await registry.send("DELETE", manifest, { headers: basic("bob") });
    expect(forbidden.status).toBe(403);
    for (const name of ["public/app", "bob/app", "secret/app"]) {
      const digest = `sha256:${new Bun.CryptoHasher("sha256").update(name).digest("hex")}`;
      const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
      await registry.send("POST", path, { headers: basic("anna"), body: name });
    }
    const catalog = await registry.send("GET", "/v2/_catalog", { headers: basic("bob") });
    expect(await catalog.json()).toEqual({ repositories: ["bob/app", "public/app"] });
  });

  test("a mount needs the right to pull from the source", async () => {
    const rules = [
      { users: ["anna"], actions: ["pull", "push"] },
      { users: ["bob"], repositories: ["bob/**"], actions: ["pull", "push"] },
    ];
    await using registry = await TestRegistry.start({ auth: { htpasswd, rules } });
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update("secret").digest("hex")}`;
    const upload = `/v2/anna/app/blobs/uploads/?digest=${digest}`;
    await registry.send("POST", upload, { headers: basic("anna"), body: "secret" });
    const mount = `/v2/bob/app/blobs/uploads/?mount=${digest}&from=anna/app`;
    expect((await registry.send("POST", mount, { headers: basic("bob") })).status).toBe(202);
    expect((await registry.send("POST", mount, { headers: basic("anna") })).status).toBe(201);
  });
});

describe("tokens of its own", () => {
  const auth = () => ({ htpasswd, anonymousPull: true, tokens: { service: "here" } });

  async function token(registry: TestRegistry, query: string, headers = {}) {
    const response = await registry.send("GET", `/token?service=here&${query}`, { headers });
    const body = (await response.json()) as { token: string; refresh_token?: string };
    return { status: response.status, ...body };
  }

  test("the challenge leads to a token that is good for what the rules allow", async () => {
    await using registry = await TestRegistry.start({ auth: auth() });
    const path = "/v2/a/b/blobs/uploads/";
    const challenge = await registry.send("POST", path);
    expect(challenge.status).toBe(401);
    expect(challenge.headers.get("www-authenticate")).toBe(
      `Bearer realm="${registry.url}/token",service="here",scope="repository:a/b:pull,push"`,
    );
    const scope = "scope=repository:a/b:pull,push";
    const good = await token(registry, scope, basic("anna"));
    expect((await registry.send("POST", path, { headers: bearer(good.token) })).status).toBe(202);
    const open = await token(registry, scope);
    const refused = await registry.send("POST", path, { headers: bearer(open.token) });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    const read = await registry.send("GET", "/v2/a/b/manifests/v1", {
      headers: bearer(open.token),
    });
    expect(read.status).toBe(404);
    const elsewhere = await registry.send("POST", "/v2/c/blobs/uploads/", {
      headers: bearer(good.token),
    });
    expect(elsewhere.status).toBe(401);
    expect((await token(registry, scope, basic("anna", "wrong"))).status).toBe(401);
  });

  test("a forged or altered token is none", async () => {
    await using registry = await TestRegistry.start({ auth: auth() });
    const { token: good } = await token(registry, "scope=repository:a:pull,push", basic("anna"));
    const [head, , signature] = good.split(".");
    const grant = { access: [{ type: "repository", name: "b", actions: ["push"] }], use: "access" };
    const claims = { iss: "berth", aud: "here", exp: Date.now(), ...grant };
    const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    for (const forged of [`${head}.${body}.${signature}`, `${none}.${body}.`, "x.y.z"]) {
      expect(await pushed(registry, "b", bearer(forged))).toBe(401);
    }
  });

  test("a refresh token gets new tokens, is none itself, and holds after a restart", async () => {
    await using registry = await TestRegistry.start({ auth: auth() });
    const first = await token(registry, "offline_token=true", basic("anna"));
    const refresh = first.refresh_token ?? "";
    expect(await pushed(registry, "a", bearer(refresh))).toBe(401);
    await registry.restart();
    const form = (fields: Record<string, string>) =>
      registry.send("POST", "/token", {
        body: new URLSearchParams({ service: "here", scope: "repository:a:push", ...fields }),
      });
    const response = await form({ grant_type: "refresh_token", refresh_token: refresh });
    const { access_token } = (await response.json()) as { access_token: string };
    expect(await pushed(registry, "a", bearer(access_token))).toBe(202);
    const password = { grant_type: "password", username: "bob", password: "bob-password" };
    expect((await form(password)).status).toBe(200);
    expect((await form({ ...password, password: "x" })).status).toBe(401);
    expect((await form({ grant_type: "refresh_token", refresh_token: access_token })).status).toBe(
      401,
    );
    expect((await form({ grant_type: "other" })).status).toBe(400);
  });

  test("the catalog wants its own scope", async () => {
    await using registry = await TestRegistry.start({ auth: auth() });
    const challenge = await registry.send("GET", "/v2/_catalog");
    expect(challenge.headers.get("www-authenticate")).toContain('scope="registry:catalog:*"');
    const { token: good } = await token(registry, "scope=registry:catalog:*", basic("anna"));
    expect((await registry.send("GET", "/v2/_catalog", { headers: bearer(good) })).status).toBe(
      200,
    );
  });
});

describe("tokens of another server", () => {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = (key: "publicKey" | "privateKey") =>
    key === "publicKey"
      ? pair.publicKey.export({ type: "spki", format: "pem" }).toString()
      : pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();

  async function sign(claims: object, lifetime = "5m"): Promise<string> {
    return await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: "RS256" })
      .setExpirationTime(lifetime)
      .sign(await importPKCS8(pem("privateKey"), "RS256"));
  }

  test("are verified: signature, issuer, audience, time, access", async () => {
    const keys = join(directory, "keys.pem");
    await writeFile(keys, pem("publicKey"));
    const realm = "https://auth.example/token";
    const externalTokens = { realm, service: "registry", issuer: "auth", keys };
    await using registry = await TestRegistry.start({ auth: { externalTokens } });
    const challenge = await registry.send("GET", "/v2/");
    expect(challenge.headers.get("www-authenticate")).toBe(
      `Bearer realm="${realm}",service="registry"`,
    );
    const access = [{ type: "repository", name: "a", actions: ["pull", "push"] }];
    const claims = { iss: "auth", aud: "registry", sub: "anna", access };
    expect(await pushed(registry, "a", bearer(await sign(claims)))).toBe(202);
    expect(await pushed(registry, "b", bearer(await sign(claims)))).toBe(401);
    for (const wrong of [{ iss: "x" }, { aud: "x" }, { access: [] }, { access: "all" }]) {
      expect(await pushed(registry, "a", bearer(await sign({ ...claims, ...wrong })))).toBe(401);
    }
    expect(await pushed(registry, "a", bearer(await sign(claims, "-5m")))).toBe(401);
    expect(await pushed(registry, "a", basic("anna"))).toBe(401);
  });
});

test("a read-only registry refuses every change", async () => {
  await using registry = await TestRegistry.start({ readOnly: true });
  const digest = `sha256:${"0".repeat(64)}`;
  const changes = [
    ["POST", "/v2/a/blobs/uploads/"],
    ["PUT", "/v2/a/manifests/v1"],
    ["DELETE", "/v2/a/manifests/v1"],
    ["DELETE", `/v2/a/blobs/${digest}`],
  ] as const;
  for (const [method, path] of changes) {
    const response = await registry.send(method, path);
    expect(response.status).toBe(405);
    expect(await codeOf(response)).toBe("UNSUPPORTED");
  }
  expect((await registry.send("GET", "/v2/a/manifests/v1")).status).toBe(404);
});
