import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Descriptor, parseReference, type RegistryAuth, sha256 } from "../spec/index.ts";
import { checkLogin, registryDomain } from "./check-login.ts";
import { defaultTransportOptions, HttpTransport } from "./http-transport.ts";
import { translatePullError } from "./pull-error.ts";
import { defaultRegistryConfig } from "./registry-config.ts";
import { RemoteRepository } from "./remote-repository.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === "/v2/") response.end("{}");
    else handler(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const impatient = new HttpTransport({
  ...defaultTransportOptions,
  responseTimeout: 300,
  idleTimeout: 200,
  retryDelay: 5,
});

function repository(host: string, auth?: RegistryAuth, mirrors: string[] = []): RemoteRepository {
  return new RemoteRepository(parseReference(host.includes("/") ? host : `${host}/app`), {
    config: { ...defaultRegistryConfig, mirrors, certificateDirectories: [], authorityFiles: [] },
    auth,
    transport: impatient,
  });
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const manifestBytes = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: { mediaType: "x", digest: sha256("c"), size: 1 },
  layers: [],
});
function sendManifest(response: ServerResponse, bytes = manifestBytes): void {
  response.setHeader("Content-Type", "application/vnd.oci.image.manifest.v1+json");
  response.end(bytes);
}
const blobOf = (text: string): Descriptor => ({
  mediaType: "application/octet-stream",
  digest: sha256(text),
  size: text.length,
});

describe("RemoteRepository.manifest()", () => {
  test("refuses bytes that are not the digest", async () => {
    const host = await serve((_, response) => sendManifest(response, `${manifestBytes} `));
    const digest = sha256(manifestBytes);
    await expect(repository(host).manifest(digest)).rejects.toThrow(
      `manifest verification failed for digest ${digest}`,
    );
  });

  test("refuses a tag whose announced digest is a lie", async () => {
    const host = await serve((_, response) => {
      response.setHeader("Docker-Content-Digest", sha256("other"));
      sendManifest(response);
    });
    await expect(repository(host).manifest("latest")).rejects.toThrow("verification failed");
  });

  test("refuses schema 1 and endless documents in words", async () => {
    const old = await serve((_, response) => {
      response.setHeader(
        "Content-Type",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
      );
      response.end('{"schemaVersion":1}');
    });
    await expect(repository(old).manifest("latest")).rejects.toThrow("schema 1 is not supported");
    const huge = await serve((_, response) => {
      const chunk = Buffer.alloc(1 << 20, 32);
      const more = () => response.write(chunk, (error) => error == null && more());
      more();
    });
    await expect(repository(huge).manifest("latest")).rejects.toThrow("larger than");
  });

  test("words of an unknown manifest are Docker's", async () => {
    const host = await serve((_, response) => {
      response.statusCode = 404;
      response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    });
    const error = await repository(host)
      .manifest("1")
      .catch((reason: unknown) => translatePullError(reason, parseReference(`${host}/app:1`)));
    expect((error as Error).message).toBe(
      `manifest for ${host}/app:1 not found: manifest unknown: manifest unknown`,
    );
  });

  test("words of an unreachable registry name the address", async () => {
    const host = await serve(() => undefined);
    for (const server of servers.splice(0)) server.close();
    await expect(repository(host).manifest("1")).rejects.toThrow(
      `Get "http://${host}/v2/": dial tcp ${host}: connect: connection refused`,
    );
  });

  test("a server that never answers is given up", async () => {
    const host = await serve(() => undefined);
    await expect(repository(host).manifest("1")).rejects.toThrow("Client.Timeout exceeded");
  });

  test("a busy server is asked again when it says so", async () => {
    let calls = 0;
    const host = await serve((_, response) => {
      calls++;
      if (calls > 2) return sendManifest(response);
      response.statusCode = calls === 1 ? 429 : 503;
      response.setHeader("Retry-After", "0");
      response.end();
    });
    expect((await repository(host).manifest("1")).descriptor.digest).toBe(sha256(manifestBytes));
    expect(calls).toBe(3);
  });

  test("a server that asks for hours of patience is given up at once", async () => {
    const host = await serve((_, response) => {
      response.statusCode = 429;
      response.setHeader("Retry-After", "7200");
      response.end();
    });
    await expect(repository(host).manifest("1")).rejects.toThrow(
      "toomanyrequests: too many requests",
    );
  });
});

describe("RemoteRepository authorization", () => {
  function tokenRegistry(seen: string[], realm: () => string): Handler {
    return (request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? "-"}`);
      if (request.url?.startsWith("/token")) return response.end('{"token":"t1"}') as never;
      if (request.headers.authorization === "Bearer t1") return sendManifest(response);
      response.statusCode = 401;
      response.setHeader("WWW-Authenticate", `Bearer realm="${realm()}",service="s"`);
      response.end();
    };
  }

  test("fetches one token for a scope, with the credentials", async () => {
    const seen: string[] = [];
    let host = "";
    host = await serve(tokenRegistry(seen, () => `http://${host}/token`));
    const remote = repository(host, { username: "u", password: "p" });
    await remote.manifest("1");
    await remote.manifest("2");
    expect(seen).toEqual([
      "/v2/app/manifests/1 -",
      "/token?service=s&scope=repository%3Aapp%3Apull&account=u Basic dTpw",
      "/v2/app/manifests/1 Bearer t1",
      "/v2/app/manifests/2 Bearer t1",
    ]);
  });

  test("trades an identity token by POST", async () => {
    let form = "";
    const host: string = await serve((request, response) => {
      if (request.url === "/token") {
        request.on("data", (chunk: Buffer) => {
          form += chunk.toString();
        });
        return request.on("end", () => response.end('{"access_token":"t1"}')) as never;
      }
      if (request.headers.authorization === "Bearer t1") return sendManifest(response);
      response.statusCode = 401;
      response.setHeader("WWW-Authenticate", 'Bearer realm="/token",service="s"');
      response.end();
    });
    await repository(host, { identitytoken: "id" }).manifest("1");
    expect(new URLSearchParams(form).get("refresh_token")).toBe("id");
  });

  test("asks for credentials where a registry wants a password", async () => {
    const host = await serve((request, response) => {
      if (request.headers.authorization === "Basic dTpw") return sendManifest(response);
      response.statusCode = 401;
      response.setHeader("WWW-Authenticate", 'Basic realm="r"');
      response.end();
    });
    await expect(repository(host).manifest("1")).rejects.toThrow(
      `Get "http://${host}/v2/app/manifests/1": no basic auth credentials`,
    );
    await repository(host, { auth: btoa("u:p") }).manifest("1");
    await expect(repository(host, { username: "u", password: "no" }).manifest("1")).rejects.toThrow(
      "unauthorized: authentication required",
    );
  });

  test("a redirect takes no credentials to another host", async () => {
    const text = "blob";
    let stolen: string | undefined = "unseen";
    const other = await serve((request, response) => {
      stolen = request.headers.authorization;
      response.end(text);
    });
    const host = await serve((request, response) => {
      if (request.headers.authorization === undefined) {
        response.statusCode = 401;
        response.setHeader("WWW-Authenticate", 'Basic realm="r"');
        return response.end() as never;
      }
      response.statusCode = 307;
      response.setHeader("Location", `http://${other}/elsewhere`);
      response.end();
    });
    const remote = repository(host, { username: "u", password: "p" });
    expect(await collect(remote.blob(blobOf(text)))).toBe(text);
    expect(stolen).toBeUndefined();
  });
});

describe("checkLogin()", () => {
  test("tells good credentials from bad ones", async () => {
    const host = await serve((_, response) => response.end());
    const [server] = servers;
    server?.removeAllListeners("request");
    server?.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const good = request.headers.authorization === "Basic dTpw";
      response.statusCode = good ? 200 : 401;
      response.setHeader("WWW-Authenticate", 'Basic realm="r"');
      response.end();
    });
    const config = { ...defaultRegistryConfig, certificateDirectories: [], authorityFiles: [] };
    const login = (password: string) =>
      checkLogin(
        { username: "u", password, serveraddress: host },
        { config, transport: impatient },
      );
    await login("p");
    await expect(login("x")).rejects.toThrow("unauthorized: authentication required");
  });

  test("knows where an address leads", () => {
    expect(registryDomain("https://index.docker.io/v1/")).toBe("docker.io");
    expect(registryDomain("")).toBe("docker.io");
    expect(registryDomain("http://reg.example:5000/v2/")).toBe("reg.example:5000");
    expect(() => registryDomain("a b")).toThrow("invalid reference format");
  });
});

describe("RemoteRepository.blob()", () => {
  const text = "0123456789".repeat(1000);

  test("goes on by range where the connection broke or fell silent", async () => {
    const ranges: (string | undefined)[] = [];
    const host = await serve((request, response) => {
      const range = request.headers.range;
      ranges.push(range);
      const from = Number(/bytes=(\d+)/.exec(range ?? "")?.[1] ?? 0);
      const headers = {
        "Content-Length": text.length - from,
        "Content-Range": `bytes ${from}-${text.length - 1}/${text.length}`,
      };
      response.writeHead(range === undefined ? 200 : 206, headers);
      if (ranges.length >= 3) return response.end(text.slice(from)) as never;
      response.write(text.slice(from, from + 3000), () => {
        // The first time the connection breaks, the second time nothing more comes.
        if (ranges.length === 1) setTimeout(() => response.destroy(), 20);
      });
    });
    expect(await collect(repository(host).blob(blobOf(text)))).toBe(text);
    expect(ranges).toEqual([undefined, "bytes=3000-9999", "bytes=6000-9999"]);
  });

  test("skips what it has when a server ignores ranges", async () => {
    const host = await serve((_, response) => response.end(text));
    const stream = repository(host).blob(blobOf(text), { start: 4000 });
    expect(await collect(stream)).toBe(text.slice(4000));
  });

  test("refuses a blob that is larger or smaller than its manifest says", async () => {
    const host = await serve((_, response) => response.end(`${text}more`));
    await expect(collect(repository(host).blob(blobOf(text)))).rejects.toThrow(
      "its size is 10004, its manifest says 10000",
    );
    const endless = await serve((_, response) => {
      response.write(text);
      response.end("more");
    });
    await expect(collect(repository(endless).blob(blobOf(text)))).rejects.toThrow("its size is");
  });

  test("gives up a server that never gives a byte", async () => {
    let calls = 0;
    const host = await serve((_, response) => {
      calls++;
      response.destroy();
    });
    await expect(collect(repository(host).blob(blobOf(text)))).rejects.toThrow("EOF");
    // fetch itself repeats a request on a connection that was kept alive.
    expect(calls).toBeWithin(5, 11);
  });

  test("ends when the caller goes away", async () => {
    const host = await serve((_, response) => {
      response.writeHead(200, { "Content-Length": text.length });
      response.write("0");
    });
    const signal = AbortSignal.timeout(30);
    const stream = repository(host).blob(blobOf(text), { signal });
    await expect(collect(stream)).rejects.toThrow("timed out");
  });
});

describe("RemoteRepository.tags()", () => {
  test("follows pages of the same server only", async () => {
    const host = await serve((request, response) => {
      const second = request.url?.includes("last=") ?? false;
      const link = second ? "<http://127.0.0.1:1/v2/x>" : "</v2/app/tags/list?last=b>";
      response.setHeader("Link", `${link}; rel="next"`);
      response.end(JSON.stringify({ name: "app", tags: second ? ["c"] : ["a", "b"] }));
    });
    expect(await repository(host).tags()).toEqual(["a", "b", "c"]);
  });
});

describe("RemoteRepository with mirrors", () => {
  test("asks the mirror first, without the credentials", async () => {
    let authorization: string | undefined = "unseen";
    const mirror = await serve((request, response) => {
      authorization = request.headers.authorization;
      sendManifest(response);
    });
    const remote = new RemoteRepository(parseReference("busybox"), {
      config: { ...defaultRegistryConfig, mirrors: [`http://${mirror}/`] },
      auth: { username: "u", password: "p" },
      transport: impatient,
    });
    expect((await remote.manifest("latest")).content.kind).toBe("manifest");
    expect(authorization).toBeUndefined();
  });
});
