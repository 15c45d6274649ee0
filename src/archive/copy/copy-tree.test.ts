import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { mknod, setTimes } from "../../linux/file.ts";
import { FileType, lstat } from "../../linux/stat.ts";
import { setXattr } from "../../linux/xattr.ts";
import { packTree } from "../pack/pack-tree.ts";
import { copyTree } from "./copy-tree.ts";

let root: string;
const at = (name: string) => join(root, name);
beforeEach(() => {
  root = mkdtempSync("/tmp/store-copy-");
  mkdirSync(at("from"));
  mkdirSync(at("to"));
});
afterEach(() => rmSync(root, { recursive: true }));

const packed = async (path: string) =>
  Buffer.concat(await Array.fromAsync(packTree(path, { rename: "." }), (c) => Buffer.from(c)));

describe("copyTree()", () => {
  test("gives a tree that packs to the same bytes", async () => {
    mkdirSync(at("from/sub/deep"), { recursive: true });
    writeFileSync(at("from/sub/big"), Buffer.alloc(3_000_001, "abc"), { mode: 0o640 });
    linkSync(at("from/sub/big"), at("from/a-link"));
    symlinkSync("/x".repeat(200), at("from/symlink"));
    symlinkSync("sub", at("from/to-directory"));
    mknod(at("from/device"), FileType.block | 0o600, 8, 1);
    mknod(at("from/fifo"), FileType.fifo | 0o600);
    writeFileSync(Buffer.concat([Buffer.from(at("from/")), Buffer.from([0xff, 0xe4])]), "bytes");
    setXattr(at("from/sub"), "user.note", Buffer.from([0, 255]));
    setXattr(at("from/sub/big"), "user.empty", new Uint8Array());
    Bun.spawnSync(["chown", "33:44", at("from"), at("from/sub/big"), at("from/fifo")]);
    Bun.spawnSync(["chmod", "4751", at("from/sub/big")]);
    Bun.spawnSync(["chmod", "1770", at("from")]);
    setTimes(at("from/sub"), { seconds: 1_500_000_000, nanoseconds: 5 });
    let copied = 0;
    const news = await copyTree(at("from"), at("to"), { onCopied: () => void copied++ });
    expect(copied).toBe(1);
    expect(news).toMatchObject({ bytes: 3_000_006, copied: true });
    expect((await packed(at("to"))).equals(await packed(at("from")))).toBe(true);
    expect(lstat(at("to/a-link")).inode).toBe(lstat(at("to/sub/big")).inode);
    expect(lstat(at("to"))).toMatchObject({ uid: 33, gid: 44, mode: 0o041770 });
  });

  test("keeps holes", async () => {
    Bun.spawnSync(["truncate", "-s", "1G", at("from/hole")]);
    Bun.spawnSync(
      ["dd", "if=/dev/zero", `of=${at("from/hole")}`, "bs=4k", "count=1", "seek=1000"],
      {
        stderr: "ignore",
      },
    );
    Bun.spawnSync(
      ["sh", "-c", `printf end | dd of=${at("from/hole")} conv=notrunc bs=1 seek=5000000`],
      {
        stderr: "ignore",
      },
    );
    const { size } = statSync(at("from/hole"));
    await copyTree(at("from"), at("to"));
    const status = lstat(at("to/hole"));
    expect(status.size).toBe(size);
    expect(status.blocks * 512).toBeLessThan(100_000);
    expect(readFileSync(at("to/hole")).subarray(5_000_000, 5_000_003).toString()).toBe("end");
  });

  test("follows no symlink that somebody puts in a directory's place", async () => {
    mkdirSync(at("secret"));
    writeFileSync(at("secret/file"), "s");
    const swap = Bun.spawn(
      ["sh", "-c", "while :; do mkdir d && rmdir d; ln -s ../secret d; rm d; done"],
      { cwd: at("from"), stderr: "ignore" },
    );
    try {
      for (let round = 0; round < 15; round++) {
        rmSync(at("to"), { recursive: true });
        mkdirSync(at("to"));
        await copyTree(at("from"), at("to"));
        const [name] = readdirSync(at("to"));
        if (name === undefined) continue;
        const { mode } = lstat(at("to/d"));
        if ((mode & FileType.mask) === FileType.directory)
          expect(readdirSync(at("to/d"))).toEqual([]);
      }
    } finally {
      swap.kill("SIGKILL");
      await swap.exited;
    }
  });

  test("fails in words, and where blocks cannot be shared if nothing else will do", async () => {
    await expect(copyTree(at("none"), at("to"))).rejects.toMatchObject({ kind: "not-found" });
    const memory = mkdtempSync("/dev/shm/store-copy-");
    try {
      writeFileSync(at("from/file"), "x");
      const copy = copyTree(at("from"), memory, { sharedOnly: true });
      await expect(copy).rejects.toMatchObject({ kind: "failed-precondition" });
      await copyTree(at("from"), join(memory), {}).catch(() => undefined);
    } finally {
      rmSync(memory, { recursive: true });
    }
  });
});
