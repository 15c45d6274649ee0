import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveContainerUser } from "./container-user.ts";

describe("resolveContainerUser()", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-user-"));
  const root = join(folder, "root");
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\n# none\nbroken\nalice:x:1000:100::/home/alice:\n1001:x:7:7::/seven:\nbob:x:1002:5::/home/bob:",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nusers:x:100:bob\nwheel:x:10:root,alice\n");
  afterAll(() => rmSync(folder, { recursive: true }));
  const empty = join(folder, "empty");
  mkdirSync(empty);

  const resolved: [string, string[], ReturnType<typeof resolveContainerUser>][] = [
    ["", [], { uid: 0, gid: 0, additionalGids: [0, 10], home: "/root" }],
    ["alice", [], { uid: 1000, gid: 100, additionalGids: [100, 10], home: "/home/alice" }],
    ["1000", [], { uid: 1000, gid: 100, additionalGids: [100, 10], home: "/home/alice" }],
    ["alice:wheel", [], { uid: 1000, gid: 10, additionalGids: [10], home: "/home/alice" }],
    ["alice:55", [], { uid: 1000, gid: 55, additionalGids: [55], home: "/home/alice" }],
    // Digits are a uid, even where a user has them for a name.
    ["1001", [], { uid: 1001, gid: 0, additionalGids: [0], home: "/" }],
    ["4242:4343", [], { uid: 4242, gid: 4343, additionalGids: [4343], home: "/" }],
    [
      "bob",
      ["wheel", "77"],
      { uid: 1002, gid: 5, additionalGids: [5, 100, 10, 77], home: "/home/bob" },
    ],
  ];
  for (const [spec, groupAdd, user] of resolved) {
    test(`"${spec}" ${groupAdd.join(" ")}`, () => {
      expect(resolveContainerUser(root, spec, groupAdd)).toEqual(user);
    });
  }

  test("needs no files for numbers", () => {
    expect(resolveContainerUser(empty, "5:6")).toMatchObject({ uid: 5, gid: 6 });
    expect(resolveContainerUser(empty, "")).toMatchObject({ uid: 0, gid: 0, home: "/" });
  });

  test("refuses in Docker's words", () => {
    const refused: [string, string[], string][] = [
      ["x", [], "unable to find user x: no matching entries in passwd file"],
      ["alice:x", [], "unable to find group x: no matching entries in group file"],
      ["alice", ["x"], "Unable to find group x: no matching entries in group file"],
      ["4294967296", [], "uids and gids must be in range 0-2147483647"],
      ["-5", [], "uids and gids must be in range 0-2147483647"],
    ];
    for (const [spec, groupAdd, message] of refused) {
      expect(() => resolveContainerUser(root, spec, groupAdd)).toThrow(message);
    }
    expect(() => resolveContainerUser(empty, "alice")).toThrow("unable to find user alice");
  });

  test("does not follow a link to the host's users", () => {
    const evil = join(folder, "evil");
    mkdirSync(join(evil, "etc"), { recursive: true });
    writeFileSync(join(folder, "passwd"), "hidden:x:1:1::/:");
    symlinkSync("../../passwd", join(evil, "etc/passwd"));
    expect(() => resolveContainerUser(evil, "hidden")).toThrow("unable to find user hidden");
  });
});
