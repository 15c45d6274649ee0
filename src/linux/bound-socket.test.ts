import { expect, test } from "bun:test";
import { bindSocket } from "./bound-socket.ts";

test.each(["127.0.0.1", "::1"])("bindSocket() keeps a port of %s from others", (address) => {
  const first = bindSocket("tcp", address, 0);
  expect(first.port).toBeGreaterThan(0);
  expect(() => bindSocket("tcp", address, first.port)).toThrow("EADDRINUSE");
  first.close();
  bindSocket("tcp", address, first.port).close();
});

test("bindSocket() tells of addresses that this host does not have", () => {
  expect(() => bindSocket("tcp", "192.0.2.77", 0)).toThrow("EADDRNOTAVAIL");
  expect(() => bindSocket("tcp", "localhost", 0)).toThrow('Cannot bind "localhost"');
});

test("bindSocket() has SCTP where the kernel has it", () => {
  const bind = () => bindSocket("sctp", "127.0.0.1", 0).close();
  try {
    bind();
  } catch (error) {
    expect(String(error)).toContain("EPROTONOSUPPORT");
  }
});
