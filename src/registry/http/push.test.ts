import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { sha256 } from "../../spec/index.ts";
import { codeOf, TestRegistry } from "../testing/test-registry.ts";

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start({ maxBlobSize: "1MiB" });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

const content = "hello world";
const digest = sha256(content);
const bytes = { "Content-Type": "application/octet-stream" };
const absent = `sha256:${"0".repeat(64)}`;

async function blob(name: string): Promise<string> {
  return await (await registry.send("GET", `/v2/${name}/blobs/${digest}`)).text();
}

describe("POST blobs/uploads/", () => {
  test("begins an upload (end-4a)", async () => {
    const response = await registry.send("POST", "/v2/push/a/blobs/uploads/");
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toMatch(
      /^\/v2\/push\/a\/blobs\/uploads\/[0-9a-f-]{36}$/,
    );
    expect(response.headers.get("range")).toBe("0-0");
    expect(response.headers.get("docker-upload-uuid")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("takes the whole blob with a digest (end-4b)", async () => {
    const path = `/v2/push/b/blobs/uploads/?digest=${digest}`;
    const response = await registry.send("POST", path, { body: content, headers: bytes });
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe(`/v2/push/b/blobs/${digest}`);
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(await blob("push/b")).toBe(content);
  });

  test("refuses a whole blob with another digest and keeps nothing", async () => {
    const path = `/v2/push/c/blobs/uploads/?digest=${absent}`;
    const response = await registry.send("POST", path, { body: content });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
    const head = await registry.send("HEAD", `/v2/push/c/blobs/${digest}`);
    expect(head.status).toBe(404);
  });

  test.each(["sha256:xyz", "md5:d41d8cd98f00b204e9800998ecf8427e", "nonsense"])(
    "refuses the digest %s",
    async (text) => {
      const response = await registry.send("POST", `/v2/push/c/blobs/uploads/?digest=${text}`);
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe("DIGEST_INVALID");
    },
  );

  test("takes sha512 where the client says so (end-4c)", async () => {
    const location = await registry.startUpload("push/d", "?digest-algorithm=sha512");
    await registry.send("PATCH", location, { body: content });
    const long = `sha512:${createHash("sha512").update(content).digest("hex")}`;
    const response = await registry.send("PUT", `${location}?digest=${long}`);
    expect(response.status).toBe(201);
    const back = await registry.send("GET", `/v2/push/d/blobs/${long}`);
    expect(await back.text()).toBe(content);
  });

  test("refuses an algorithm that it does not know", async () => {
    const path = "/v2/push/d/blobs/uploads/?digest-algorithm=md5";
    expect(await codeOf(await registry.send("POST", path))).toBe("DIGEST_INVALID");
  });

  test.each(["UPPER/case", "a//b", "-a", "a/", `${"a".repeat(256)}`, "a/..", "_blobs"])(
    "refuses the name %s",
    async (name) => {
      const path = `/v2/${name.replace("..", "%2e%2e%2fb")}/blobs/uploads/`;
      const response = await registry.send("POST", path);
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe("NAME_INVALID");
    },
  );
});

describe("mount (end-11)", () => {
  test("takes a blob over from another repository", async () => {
    await registry.pushBlob("mount/from", content);
    const path = `/v2/mount/to/blobs/uploads/?mount=${digest}&from=mount/from`;
    const response = await registry.send("POST", path);
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe(`/v2/mount/to/blobs/${digest}`);
    expect(await blob("mount/to")).toBe(content);
  });

  test.each([
    ["of a blob that is not there", `mount=${absent}&from=mount/from`],
    ["from a repository that is not there", `mount=${digest}&from=mount/nowhere`],
    ["from anywhere", `mount=${digest}`],
  ])("%s becomes an upload", async (_, query) => {
    const response = await registry.send("POST", `/v2/mount/else/blobs/uploads/?${query}`);
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toContain("/blobs/uploads/");
  });

  test("refuses what is no digest or no name", async () => {
    const wrong = await registry.send("POST", "/v2/mount/x/blobs/uploads/?mount=abc&from=a");
    expect(await codeOf(wrong)).toBe("DIGEST_INVALID");
    const path = `/v2/mount/x/blobs/uploads/?mount=${digest}&from=../a`;
    expect(await codeOf(await registry.send("POST", path))).toBe("NAME_INVALID");
  });
});

describe("PATCH and PUT of an upload", () => {
  test("take chunks in order (end-5, end-6, end-13)", async () => {
    const location = await registry.startUpload("chunk/a");
    const first = await registry.send("PATCH", location, {
      body: content.slice(0, 4),
      headers: { ...bytes, "Content-Range": "0-3" },
    });
    expect(first.status).toBe(202);
    expect(first.headers.get("range")).toBe("0-3");
    const status = await registry.send("GET", location);
    expect(status.status).toBe(204);
    expect(status.headers.get("range")).toBe("0-3");
    expect(status.headers.get("location")).toBe(location);
    const last = await registry.send("PUT", `${location}?digest=${digest}`, {
      body: content.slice(4),
      headers: { ...bytes, "Content-Range": "4-10" },
    });
    expect(last.status).toBe(201);
    expect(await blob("chunk/a")).toBe(content);
    expect((await registry.send("GET", location)).status).toBe(404);
  });

  test("refuse a chunk that does not follow, and say where to go on", async () => {
    const location = await registry.startUpload("chunk/b");
    for (const range of ["3-5", "1-3"]) {
      const response = await registry.send("PATCH", location, {
        body: "abc",
        headers: { ...bytes, "Content-Range": range },
      });
      expect(response.status).toBe(416);
      expect(response.headers.get("range")).toBe("0-0");
      expect(response.headers.get("location")).toBe(location);
      expect(await codeOf(response)).toBe("BLOB_UPLOAD_INVALID");
    }
    const put = await registry.send("PUT", `${location}?digest=${digest}`, {
      body: "abc",
      headers: { ...bytes, "Content-Range": "5-7" },
    });
    expect(put.status).toBe(416);
  });

  test("refuse a range that is none or that has another length", async () => {
    const location = await registry.startUpload("chunk/c");
    const headers = { ...bytes, "Content-Range": "zero-two" };
    const none = await registry.send("PATCH", location, { body: "abc", headers });
    expect(none.status).toBe(400);
    expect(await codeOf(none)).toBe("BLOB_UPLOAD_INVALID");
    const long = await registry.send("PATCH", location, {
      body: "abc",
      headers: { ...bytes, "Content-Range": "0-9" },
    });
    expect(long.status).toBe(400);
    expect(await codeOf(long)).toBe("SIZE_INVALID");
  });

  test("take a stream without a length", async () => {
    const location = await registry.startUpload("stream/a");
    const parts = ["hello", " ", "world"];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(Buffer.from(part));
      },
    });
    expect((await registry.send("PATCH", location, { body })).status).toBe(202);
    const response = await registry.send("PUT", `${location}?digest=${digest}`);
    expect(response.status).toBe(201);
    expect(await blob("stream/a")).toBe(content);
  });

  test("PUT refuses a missing and a wrong digest; a wrong one ends the upload", async () => {
    const location = await registry.startUpload("put/a");
    const missing = await registry.send("PUT", location, { body: content });
    expect(missing.status).toBe(400);
    expect(await codeOf(missing)).toBe("DIGEST_INVALID");
    const wrong = await registry.send("PUT", `${location}?digest=${absent}`, { body: content });
    expect(wrong.status).toBe(400);
    expect(await codeOf(wrong)).toBe("DIGEST_INVALID");
    const gone = await registry.send("GET", location);
    expect(await codeOf(gone)).toBe("BLOB_UPLOAD_UNKNOWN");
  });

  test("know no upload of another repository or of nobody", async () => {
    const location = await registry.startUpload("put/b");
    const foreign = location.replace("put/b", "put/c");
    const unknown = "/v2/put/b/blobs/uploads/6e3b1f64-0000-4000-8000-000000000000";
    for (const path of [foreign, unknown, "/v2/put/b/blobs/uploads/..%2f..%2fetc"]) {
      for (const method of ["GET", "PATCH", "PUT", "DELETE"]) {
        const response = await registry.send(method, `${path}?digest=${digest}`);
        expect(response.status).toBe(404);
        expect(await codeOf(response)).toBe("BLOB_UPLOAD_UNKNOWN");
      }
    }
  });

  test("refuse a blob above the limit while it comes", async () => {
    const location = await registry.startUpload("limit/a");
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 2000) controller.close();
        else controller.enqueue(new Uint8Array(64 << 10));
      },
    });
    const response = await registry.send("PATCH", location, { body });
    expect(response.status).toBe(413);
    expect(await codeOf(response)).toBe("SIZE_INVALID");
  });

  test("keep what came before the connection broke, and go on after a restart", async () => {
    const location = await registry.startUpload("resume/a");
    const { port, hostname } = new URL(registry.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        const head = `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n`;
        socket.write(head + content.slice(0, 5), () => setTimeout(() => socket.destroy(), 100));
      });
      socket.on("close", () => resolve());
    });
    await registry.restart();
    let range: string | null = null;
    for (let attempt = 0; attempt < 100 && range !== "0-4"; attempt++) {
      range = (await registry.send("GET", location)).headers.get("range");
    }
    expect(range).toBe("0-4");
    const rest = { body: content.slice(5), headers: { ...bytes, "Content-Range": "5-10" } };
    expect((await registry.send("PATCH", location, rest)).status).toBe(202);
    const response = await registry.send("PUT", `${location}?digest=${digest}`);
    expect(response.status).toBe(201);
    expect(await blob("resume/a")).toBe(content);
  });

  test("an upload is worked at by one request at a time", async () => {
    const { port, hostname } = new URL(registry.url);
    const answers: string[] = [];
    // Nothing outside tells when a request has begun its work: an attempt that comes too early is made again.
    for (let attempt = 0; attempt < 20 && answers.at(-1) !== "409 202"; attempt++) {
      const location = await registry.startUpload(`busy/a${attempt}`);
      const slow = connect(Number(port), hostname);
      const status = new Promise<string>((resolve) => {
        slow.once("data", (head) => resolve(head.toString().split(" ")[1] ?? ""));
      });
      slow.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na`);
      await Bun.sleep(20 * (attempt + 1));
      const second = await registry.send("PATCH", location, { body: "x" });
      slow.write("b");
      answers.push(`${second.status} ${await status}`);
      slow.destroy();
    }
    expect(answers.at(-1)).toBe("409 202");
  });

  test("DELETE cancels (end-14)", async () => {
    const location = await registry.startUpload("cancel/a");
    expect((await registry.send("DELETE", location)).status).toBe(204);
    expect((await registry.send("DELETE", location)).status).toBe(404);
    expect((await registry.send("PATCH", location, { body: "x" })).status).toBe(404);
  });

  test("takes the empty blob", async () => {
    const location = await registry.startUpload("empty/a");
    const empty = sha256("");
    expect((await registry.send("PUT", `${location}?digest=${empty}`)).status).toBe(201);
    const response = await registry.send("GET", `/v2/empty/a/blobs/${empty}`);
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });
});
