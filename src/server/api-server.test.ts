import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { FrameDecoder } from "../spec/index.ts";
import { startTestServer, type TestServer } from "./testing/test-server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

async function call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://localhost${path}`, {
    ...init,
    method,
    unix: server.socket,
  } as RequestInit);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const post = (path: string, body: string, type = "application/json"): Promise<Answer> =>
  call("POST", path, { body, headers: { "Content-Type": type } });

const message = (answer: Answer): string => JSON.parse(answer.body).message;
const lastCall = (name: string) => server.backends.calls.findLast((call) => call[0] === name);

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: server.socket, allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Everything up to the end of the connection. */
async function drain(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function unframe(bytes: Uint8Array): string {
  return Buffer.concat(new FrameDecoder().push(bytes).map((piece) => piece.content)).toString();
}

function splitHead(bytes: Buffer): { head: string; body: Buffer } {
  const end = bytes.indexOf("\r\n\r\n");
  return { head: bytes.subarray(0, end).toString(), body: bytes.subarray(end + 4) };
}

describe("paths and versions", () => {
  test("a version need not be given", async () => {
    expect((await call("GET", "/_ping")).body).toBe("OK");
    expect((await call("GET", "/v1.24/_ping")).body).toBe("OK");
    const { headers } = await call("HEAD", "/v1.56/_ping");
    expect(headers.get("api-version")).toBe("1.56");
    expect(headers.get("ostype")).toBe("linux");
    expect(headers.get("swarm")).toBe("inactive");
  });

  test("too new and too old are refused in Docker's words", async () => {
    const tooNew = await call("GET", "/v1.99/info");
    expect(tooNew.status).toBe(400);
    expect(message(tooNew)).toBe(
      "client version 1.99 is too new. Maximum supported API version is 1.56",
    );
    expect(message(await call("GET", "/v1.12/info"))).toBe(
      "client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    );
  });

  test("unknown paths and methods are not found", async () => {
    for (const [method, path] of [
      ["GET", "/nope"],
      ["GET", "/v1.99/nope"],
      ["PUT", "/info"],
      ["GET", "/containers"],
      ["POST", "/v1.24/containers/prune"],
    ] as const) {
      const answer = await call(method, path);
      expect([path, answer.status, message(answer)]).toEqual([path, 404, "page not found"]);
    }
  });

  test("a name may hold slashes and escapes", async () => {
    expect(JSON.parse((await call("GET", "/images/a/b%3A1/json")).body).Id).toBe("a/b:1");
    expect((await call("GET", "/images/%zz/json")).status).toBe(400);
  });
});

describe("errors", () => {
  test("a bug in a handler is a 500, logged, and the next request is served", async () => {
    server.backends.calls.push(["explode"]);
    const answer = await call("GET", "/info");
    server.backends.calls.pop();
    expect(answer.status).toBe(500);
    expect(message(answer)).toBe("x is not a function");
    expect(server.log.some((line) => line.includes("TypeError: x is not a function"))).toBe(true);
    expect((await call("GET", "/info")).status).toBe(200);
  });

  test("not-modified has no body", async () => {
    await post("/containers/create?name=started", '{"Image":"busybox"}');
    expect((await call("POST", "/containers/started/start")).status).toBe(204);
    const again = await call("POST", "/containers/started/start");
    expect([again.status, again.body]).toEqual([304, ""]);
  });
});

describe("bodies", () => {
  test("are refused in Docker's words", async () => {
    const create = "/containers/create";
    const cases: [body: string, type: string, words: string][] = [
      ["{", "application/json", "invalid JSON: "],
      ["", "application/json", "invalid JSON: got EOF while reading request body"],
      ["{}", "text/plain", "unsupported Content-Type header (text/plain): must be"],
      ["{}", ";", "malformed Content-Type header (;)"],
      ['{"Cmd":5}', "application/json", "cannot unmarshal number into Go struct field"],
      ["[]", "application/json", "cannot unmarshal array into Go struct field CreateRequest"],
      ['{"HostConfig":{"Memory":"1g"}}', "application/json", "CreateRequest.HostConfig.Memory"],
    ];
    for (const [body, type, words] of cases) {
      const answer = await post(create, body, type);
      expect([body, answer.status]).toEqual([body, 400]);
      expect(message(answer)).toContain(words);
    }
    expect((await call("POST", "/networks/create", { body: "{}" })).status).toBe(400);
  });

  test("larger than any request are refused, not collected", async () => {
    const huge = await post("/containers/create", `{"Image":"${"x".repeat(17 << 20)}"}`);
    expect(huge.status).toBe(400);
    expect(message(huge)).toContain("larger than");
  });

  test("field names match in any case and null means absent", async () => {
    await post("/containers/create", '{"image":"busybox","hostconfig":{"MEMORY":5},"User":null}');
    const request = lastCall("create")?.[1] as Record<string, unknown>;
    expect(request["Image"]).toBe("busybox");
    expect(request["HostConfig"]).toEqual({ Memory: 5 });
    expect("User" in request).toBe(false);
  });

  test("a command may be one string", async () => {
    await post(
      "/containers/create?name=one",
      '{"Image":"busybox","Cmd":"true","Entrypoint":["a"]}',
    );
    expect(lastCall("create")?.[1]).toMatchObject({ Cmd: ["true"], Entrypoint: ["a"] });
  });

  test("start with a body is a thing of the past", async () => {
    const answer = await post("/containers/started/start", '{"Binds":["/:/"]}');
    expect(answer.status).toBe(400);
    expect(message(answer)).toContain("starting container with non-empty request body");
  });
});

describe("parameters", () => {
  test("are read as Docker reads them", async () => {
    await call("GET", "/containers/json?all=True&size=no&limit=3");
    expect(lastCall("list")?.[1]).toEqual({ all: true, size: false, limit: 3, filters: {} });
    await call("DELETE", "/containers/one?force=yes&v=0");
    expect(lastCall("remove")?.[1]).toEqual({ force: true, volumes: false, link: false });
  });

  test("are refused in Docker's words", async () => {
    const cases: [method: string, path: string, words: string][] = [
      ["GET", "/containers/json?limit=x", 'strconv.Atoi: parsing "x": invalid syntax'],
      ["GET", "/containers/json?filters={", "invalid filter"],
      ["GET", '/containers/json?filters={"colour":["red"]}', "invalid filter 'colour'"],
      ["GET", "/containers/started/logs", "must specify at least one of 'stdout' or 'stderr'"],
      [
        "GET",
        "/containers/started/logs?stdout=1&since=abc",
        'invalid value for "since": invalid timestamp "abc"',
      ],
      ["POST", "/containers/started/wait?condition=x", 'invalid condition: "x"'],
      ["POST", "/containers/started/resize?h=a&w=1", 'invalid resize height "a": invalid syntax'],
      ["POST", "/containers/started/resize?h=1&w=-1", 'invalid resize width "-1": value out of'],
      ["GET", "/events?since=10&until=5", "`since` time (10) cannot be after `until` time (5)"],
      ["GET", "/system/df?type=x", "unknown object type: x"],
      ["GET", "/containers/started/archive", "bad parameter: path cannot be empty"],
      ["DELETE", "/images/", "image name cannot be blank"],
      ["POST", "/images/create?fromImage=UPPER", "must be lowercase"],
      ["GET", "/containers/started/stats?one-shot=1", "cannot have stream=true and one-shot=true"],
      ["POST", "/containers/started/exec", "No exec command specified"],
    ];
    for (const [method, path, words] of cases) {
      const answer = await call(method, path);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(message(answer)).toContain(words);
    }
  });

  test("an event of a container has the fields that old clients read", async () => {
    const { body, status } = await call("GET", "/events?until=2000000000");
    expect(status).toBe(200);
    const [first] = body.trim().split("\r\n");
    expect(JSON.parse(first ?? "")).toMatchObject({ status: "start", from: "busybox" });
  });

  test("old versions get the fields that they know", async () => {
    const get = async (path: string) => JSON.parse((await call("GET", path)).body);
    const commit = { ID: "c", Expected: "c" };
    expect(await get("/v1.41/info")).toMatchObject({ RuncCommit: commit, BridgeNfIptables: false });
    expect((await get("/info")).RuncCommit).toEqual({ ID: "c" });
    const [tagged, nameless] = await get("/v1.42/images/json");
    expect(tagged).toMatchObject({ VirtualSize: 4_000_000, Containers: -1 });
    expect(nameless).toMatchObject({ RepoTags: ["<none>:<none>"] });
    expect((await get("/images/json"))[1]).toMatchObject({ RepoTags: [], Containers: 2 });
    expect(await get("/v1.43/images/x/json")).toMatchObject({
      VirtualSize: 5,
      ContainerConfig: { Cmd: null },
    });
    const annotations = (list: { HostConfig: object }[]) =>
      "Annotations" in (list[0]?.HostConfig ?? {});
    expect(annotations(await get("/v1.45/containers/json"))).toBe(false);
    expect(annotations(await get("/v1.46/containers/json"))).toBe(true);
  });

  test("credentials that cannot be read count as none", async () => {
    const headers = { "X-Registry-Auth": "!!!" };
    await call("POST", "/images/create?fromImage=busybox&tag=1", { headers });
    expect(lastCall("pull")?.[1]).toEqual({ reference: "busybox:1" });
  });
});

describe("streams", () => {
  test("wait sends its head at once", async () => {
    const created = JSON.parse((await post("/containers/create?name=w", '{"Image":"b"}')).body);
    const response = await fetch(`http://localhost/containers/${created.Id}/wait`, {
      method: "POST",
      unix: server.socket,
    } as RequestInit);
    expect(response.status).toBe(200);
    await call("POST", "/containers/w/stop");
    expect(await response.json()).toEqual({ StatusCode: 137 });
  });

  test("the daemon ends only when the answer to its stop has gone out", async () => {
    const answer = await post("/berth/stop", '{"containers":true}');
    expect(answer.status).toBe(204);
    while (lastCall("endEngine") === undefined) await Bun.sleep(1);
    expect(server.backends.calls.slice(-2)).toEqual([
      ["stopEngine", { containers: true }],
      ["endEngine"],
    ]);
  });

  test("a client that goes ends what was streaming to it", async () => {
    const before = server.backends.containers.aborted;
    const socket = await open();
    socket.write("GET /containers/w/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    while (server.backends.containers.aborted === before) await Bun.sleep(5);
    expect(server.backends.containers.aborted).toBe(before + 1);
  });
});

describe("hijacked connections", () => {
  const attach = (extra: string, version = ""): string =>
    `POST ${version}/containers/w/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n${extra}\r\n`;
  const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

  test("keep input that came with the head, and output after the half-close", async () => {
    const socket = await open();
    socket.end(`${attach(`${upgrade}Content-Length: 0\r\n`)}early\n`);
    const { head, body } = splitHead(await drain(socket));
    expect(head).toBe(
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp",
    );
    expect(unframe(body)).toBe("early\nbye\n");
  });

  test("were all called raw before 1.42", async () => {
    const socket = await open();
    socket.end(attach(upgrade, "/v1.41"));
    expect((await drain(socket)).toString()).toContain("application/vnd.docker.raw-stream");
  });

  test("a JSON body goes before the stream, in one packet or in many", async () => {
    const body = '{"Detach":false,"Tty":false}';
    for (const pause of [0, 20]) {
      const { Id } = JSON.parse((await post("/containers/w/exec", '{"Cmd":["cat"]}')).body);
      const head = `POST /exec/${Id}/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${upgrade}\r\n`;
      const socket = await open();
      const parts = [head, body.slice(0, 9), `${body.slice(9)}ear`, "ly\n"];
      if (pause === 0) socket.write(parts.join(""));
      else {
        for (const part of parts) {
          socket.write(part);
          await Bun.sleep(pause);
        }
      }
      socket.end();
      expect(unframe(splitHead(await drain(socket)).body)).toBe("early\nbye\n");
    }
  });

  test("a refusal is an ordinary answer", async () => {
    const socket = await open();
    socket.write(`POST /containers/nope/attach HTTP/1.1\r\nHost: d\r\n${upgrade}\r\n`);
    const { head, body } = splitHead(await drain(socket));
    expect(head).toStartWith("HTTP/1.1 404 Not Found\r\n");
    expect(head).toContain("Content-Type: application/json");
    expect(JSON.parse(body.toString())).toEqual({ message: "No such container: nope" });
    socket.destroy();
  });

  test("an upgrade that no route wants gets the route's answer", async () => {
    const socket = await open();
    socket.write(
      "GET /version HTTP/1.1\r\nHost: d\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    );
    expect((await drain(socket)).toString()).toContain('"Version":"0.1.0"');
    socket.destroy();
  });

  test("without an upgrade the body is the input", async () => {
    const path = "/containers/w/attach?stream=1&stdin=1&stdout=1";
    const silent = await call("POST", path);
    expect(silent.headers.get("content-type")).toBe("application/vnd.docker.raw-stream");
    expect(unframe(Buffer.from(silent.body))).toBe("bye\n");
    const spoken = await call("POST", path, { body: "x".repeat(100) });
    expect(unframe(Buffer.from(spoken.body))).toBe(`${"x".repeat(100)}bye\n`);
    const parameters = await post(path, '{"stream":true}');
    expect(unframe(Buffer.from(parameters.body))).toBe("bye\n");
  });
});
