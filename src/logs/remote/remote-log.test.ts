import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { readAvailable } from "../../linux/descriptor.ts";
import { close } from "../../linux/file.ts";
import { bindDatagram } from "../../linux/unix-socket.ts";
import type { LogConfiguration, LogIdentity } from "../log-configuration.ts";
import { openLogWriter } from "../open-log-writer.ts";
import { readLogs } from "../read-logs.ts";
import { linePieces } from "./line-pieces.ts";
import { encodeField, journaldFormatter, openJournald } from "./open-journald.ts";
import { RemoteLogWriter } from "./remote-log-writer.ts";
import { formatSyslog } from "./syslog-message.ts";

const TIME = BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1_000_000n + 678_901n;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const identity: LogIdentity = {
  containerId: "abc".padEnd(64, "0"),
  containerName: "web",
  imageId: "",
  imageName: "busybox",
  created: "",
  entrypoint: "sh",
  args: [],
  env: [],
  labels: { "my.tier": "front" },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "supervisor-remote-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function configuration(options: Record<string, string>): LogConfiguration {
  return { driver: "syslog", directory: join(root, "c"), options, identity };
}

function open(options: Record<string, string>) {
  const writer = openLogWriter(configuration(options));
  if (writer === undefined) throw new Error("no writer");
  return writer;
}

/** One datagram, as text; undefined when none waits. */
function receive(fd: number): string | undefined {
  const bytes = new Uint8Array(new ArrayBuffer(65_536));
  const count = readAvailable(fd, bytes);
  return count < 0 ? undefined : new TextDecoder("latin1").decode(bytes.subarray(0, count));
}

describe("syslog", () => {
  test("formats as Docker does", () => {
    const source = { facility: 3, isCounted: false, hostname: "host", tag: "t", pid: 7 };
    const piece = { text: text("hello"), isPartial: false };
    const local = new Date(Number(TIME / 1_000_000n));
    const two = (value: number): string => String(value).padStart(2, "0");
    const clock = `${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`;
    const day = String(local.getDate()).padStart(2, " ");
    const format = (name: "" | "rfc3164" | "rfc5424" | "rfc5424micro", isCounted = false): string =>
      Buffer.from(
        formatSyslog({ ...source, format: name, isCounted }, 2, piece, TIME) ?? [],
      ).toString();
    expect(format("")).toBe(`<27>Jan ${day} ${clock} t[7]: hello\n`);
    expect(format("rfc3164")).toBe(`<27>Jan ${day} ${clock} host t[7]: hello\n`);
    expect(format("rfc5424")).toMatch(
      /^<27>1 2026-01-0\dT\d\d:\d\d:05(Z|[+-]\d\d:\d\d) host t 7 t - hello\n$/,
    );
    expect(format("rfc5424micro")).toContain(":05.000678");
    const counted = format("rfc5424", true);
    expect(counted).toStartWith(`${counted.length - counted.indexOf(" ") - 1} <27>1 `);
  });

  test("goes to a unix datagram socket, and is read back from the local copy", async () => {
    const path = join(root, "log.sock");
    const server = bindDatagram(path);
    const writer = open({
      "syslog-address": `unixgram://${path}`,
      tag: "{{.Name}}",
      "syslog-format": "rfc3164",
    });
    writer.write(1, text("one\n\ntwo\n"), TIME);
    expect(receive(server)).toMatch(new RegExp(` ${hostname()} web\\[\\d+\\]: one\n$`));
    expect(receive(server)).toEndWith("]: two\n");
    writer.close();
    const options = {
      follow: false,
      stdout: true,
      stderr: true,
      timestamps: false,
      details: false,
      tty: true,
    };
    const reading = readLogs(
      join(root, "c"),
      configuration({}),
      options,
      new AbortController().signal,
    );
    expect(Buffer.from((await reading.next()).value ?? []).toString()).toBe("one\n\ntwo\n");
    const disabled = { driver: "syslog" as const, options: { "cache-disabled": "true" } };
    const none = readLogs(join(root, "c"), disabled, options, new AbortController().signal);
    expect(none.next()).rejects.toMatchObject({
      kind: "not-implemented",
      message: "configured logging driver does not support reading",
    });
    close(server);
  });

  test("waits for a receiver that is full, and loses nothing", async () => {
    const path = join(root, "log.sock");
    const server = bindDatagram(path);
    const writer = open({ "syslog-address": `unixgram://${path}`, "cache-disabled": "true" });
    const line = `${"x".repeat(4000)}\n`;
    for (let sent = 0; sent < 400; sent++) writer.write(1, text(line), TIME);
    const ready = writer.ready();
    expect(ready).toBeInstanceOf(Promise);
    let received = 0;
    const isFull = { now: true };
    void ready?.then(() => {
      isFull.now = false;
    });
    while (received < 400) {
      if (receive(server) === undefined) await Bun.sleep(1);
      else received++;
    }
    await ready;
    expect(isFull.now).toBe(false);
    expect(writer.ready()).toBeUndefined();
    writer.close();
    close(server);
  });

  test("goes over udp and tcp", async () => {
    const udp = createSocket("udp4");
    await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
    const datagram = new Promise<string>((resolve) => {
      udp.once("message", (message) => resolve(message.toString()));
    });
    const overUdp = open({ "syslog-address": `udp://127.0.0.1:${udp.address().port}` });
    overUdp.write(1, text("datagram\n"), TIME);
    expect(await datagram).toEndWith("]: datagram\n");
    overUdp.close();
    udp.close();

    const received: string[] = [];
    const server = createServer((socket) =>
      socket.on("data", (data) => received.push(data.toString())),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const overTcp = open({ "syslog-address": `tcp://127.0.0.1:${port}`, "cache-disabled": "true" });
    await overTcp.opened();
    overTcp.write(2, text("stream\n"), TIME);
    while (received.length === 0) await Bun.sleep(1);
    expect(received.join("")).toMatch(/^<27>.*\]: stream\n$/);
    overTcp.close();
    server.close();
  });

  test("a server that is not there is told when the log is opened", async () => {
    const writer = open({ "syslog-address": "tcp://127.0.0.1:1" });
    expect(writer.opened()).rejects.toThrow();
    writer.close();
    expect(() => open({ "syslog-address": `unixgram://${root}/none` })).toThrow(
      "failed to initialize logging driver: ",
    );
  });
});

describe("journald", () => {
  test("sends Docker's fields, binary where a value has a newline", () => {
    const format = journaldFormatter({ labels: "my.tier" }, identity);
    const [first, second] = linePieces(text(`${"y".repeat(16_384)}end\n`));
    if (first === undefined || second === undefined) throw new Error("no pieces");
    const message = Buffer.from(format(2, first, TIME) ?? []).toString();
    expect(message).toContain(
      `CONTAINER_ID=abc000000000\nCONTAINER_ID_FULL=${identity.containerId}\n`,
    );
    expect(message).toContain(
      "CONTAINER_NAME=web\nCONTAINER_TAG=abc000000000\nIMAGE_NAME=busybox\n",
    );
    expect(message).toContain("MY_TIER=front\nPRIORITY=3\n");
    expect(message).toContain("CONTAINER_LOG_ORDINAL=1\nCONTAINER_PARTIAL_MESSAGE=true\n");
    const last = Buffer.from(format(1, second, TIME) ?? []).toString();
    expect(last).toContain(
      "PRIORITY=6\nMESSAGE=end\nSYSLOG_TIMESTAMP=2026-01-02T03:04:05.000678901Z\n",
    );
    expect(last).not.toContain("PARTIAL");
    expect([...encodeField("A", "x\ny")]).toEqual([
      65, 10, 3, 0, 0, 0, 0, 0, 0, 0, 120, 10, 121, 10,
    ]);
  });

  test("reaches the socket; without one it says so", () => {
    const path = join(root, "journal.sock");
    const server = bindDatagram(path);
    const { transport, format } = openJournald({}, identity, path);
    const writer = new RemoteLogWriter(transport, format, undefined, { dropAbove: undefined });
    writer.write(1, text("hello\n"), TIME);
    expect(receive(server)).toContain("MESSAGE=hello\n");
    writer.close();
    close(server);
    expect(() => openJournald({}, identity, join(root, "none"))).toThrow(
      "journald is not enabled on this host",
    );
  });
});
