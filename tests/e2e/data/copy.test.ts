import { beforeAll, describe, expect, test } from "bun:test";
import {
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let work = "";
const at = (...parts: string[]) => join(work, ...parts);

beforeAll(() => {
  work = join(suite.daemon.root, "files");
  mkdirSync(at("d/sub"), { recursive: true });
  writeFileSync(at("f"), "hi\n");
  chownSync(at("f"), 1234, 567);
  writeFileSync(at("d/sub/x"), "x\n");
  symlinkSync("sub", at("d/l"));
  symlinkSync("f", at("lf"));
  symlinkSync("nowhere", at("dangling"));
  writeFileSync(at("a:b"), "colon\n");
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const cp = (...args: string[]) => cli("cp", ...args, { cwd: work });

  for (const running of [false, true]) {
    describe(`${name} cp, container ${running ? "running" : "created"}`, () => {
      const box = `${name}-${running ? "up" : "new"}`;
      const out = `out-${box}`;
      beforeAll(async () => {
        mkdirSync(at(out));
        mkdirSync(at(`bind-${box}`));
        mkdirSync(at(`readonly-${box}`));
        const mounts = [
          ["-v", `vol-${box}:/vol`],
          ["-v", `${at(`bind-${box}`)}:/bind`],
          ["-v", `${at(`readonly-${box}`)}:/bind/ro:ro`],
        ].flat();
        must(await cli("create", "--name", box, ...mounts, "busybox", "sleep", "1000"));
        if (running) must(await cli("start", box));
      });

      const into: [string, string[], string, string][] = [
        ["a file into a directory", ["f"], "/", "/f"],
        ["a file under a new name", ["f"], "/newname", "/newname"],
        ["a file over a file", ["f"], "/newname", "/newname"],
        ["a file without a leading slash", ["f"], "relative", "/relative"],
        ["a file above the root", ["f"], "/../../up", "/up"],
        ["a directory that is not there", ["d"], "/dcopy", "/dcopy/sub/x"],
        ["a directory into one that is", ["d"], "/dcopy", "/dcopy/d/sub/x"],
        ["a directory's content", ["d/."], "/dcopy2", "/dcopy2/sub/x"],
        ["a symlink", ["lf"], "/lf", "/lf"],
        ["what a symlink leads to", ["-L", "lf"], "/lfl", "/lfl"],
        ["into a volume", ["f"], "/vol/f", "/vol/f"],
        ["into a bind mount", ["f"], "/bind/f", "/bind/f"],
        ["a name with a colon", ["./a:b"], "/ab", "/ab"],
      ];
      test.each(into)("%s", async (_, from, to, there) => {
        expect(await cp(...from, `${box}:${to}`)).toMatchObject({ code: 0, stdout: "" });
        const listed = await cli("cp", `${box}:${there}`, "-");
        expect(listed.code).toBe(0);
        expect(listed.stdout.length).toBeGreaterThan(500);
      });

      test("what was copied is what the container sees", async () => {
        if (!running) must(await cli("start", box));
        const { stdout } = must(
          await cli(
            "exec",
            box,
            "sh",
            "-c",
            "cat /f /vol/f /bind/f /dcopy/d/sub/x; ls -ln /f | awk '{print $3,$4}'; readlink /lf",
          ),
        );
        expect(stdout).toBe("hi\nhi\nhi\nx\n1234 567\nf\n");
        expect(readFileSync(at(`bind-${box}`, "f"), "utf8")).toBe("hi\n");
        if (!running) must(await cli("stop", "-t", "0", box));
      });

      test("a file of the engine's, and the mounts of a container, come out", async () => {
        expect(await cp(`${box}:/etc/hosts`, at(out, "hosts"))).toMatchObject({ code: 0 });
        expect(readFileSync(at(out, "hosts"), "utf8")).toContain("localhost");
        expect(await cp(`${box}:/vol/f`, at(out, "fv"))).toMatchObject({ code: 0 });
        expect(readFileSync(at(out, "fv"), "utf8")).toBe("hi\n");
      });

      const refused: [string, string[], string, string][] = [
        ["into a directory that is not there", ["f"], "/nodir/", "no such directory"],
        [
          "below a directory that is not there",
          ["f"],
          "/no/such/dir",
          `Could not find the file /no/such in container ${box}`,
        ],
        ["a directory over a file", ["d"], "/f", "cannot copy directory"],
        [
          "a directory over a file by its slash",
          ["d"],
          "/newname/",
          "cannot overwrite non-directory",
        ],
        ["into a read-only bind mount", ["f"], "/bind/ro/f", "mounted volume is marked read-only"],
        ["into one by a detour", ["f"], "/vol/../bind/ro/f", "mounted volume is marked read-only"],
        ["a missing file", ["nope"], "/", "nope: no such file or directory"],
        [
          "a dangling symlink's target",
          ["-L", "dangling"],
          "/x",
          "nowhere: no such file or directory",
        ],
        ["nothing", [""], "/x", "source can not be empty"],
      ];
      test.each(refused)("refuses to copy %s", async (_, from, to, words) => {
        const output = await cp(...from, `${box}:${to}`);
        expect(output.code).toBe(1);
        expect(output.stderr).toContain(words);
      });

      test("archives on standard input and output", async () => {
        const tar = Bun.spawnSync(["tar", "c", "f"], { cwd: work }).stdout;
        expect(await cli("cp", "-", `${box}:/dcopy`, { stdin: tar })).toMatchObject({ code: 0 });
        const refusal = await cli("cp", "-", `${box}:/newname`, { stdin: tar });
        expect(refusal.stderr).toContain(`destination "${box}:/newname" must be a directory`);
        const listed = Bun.spawnSync(["tar", "t"], {
          stdin: Buffer.from((await cli("cp", `${box}:/dcopy2/.`, "-")).stdout),
        });
        expect(listed.stdout.toString().split("\n").sort()).toEqual([
          "",
          "./",
          "./l",
          "./sub/",
          "./sub/x",
        ]);
      });

      test("out of the container: files, directories, links, names", async () => {
        expect(await cp(`${box}:/f`, out)).toMatchObject({ code: 0 });
        expect(await cp(`${box}:/f`, `${out}/x`)).toMatchObject({ code: 0 });
        expect(await cp(`${box}:/dcopy2`, `${out}/dd`)).toMatchObject({ code: 0 });
        expect(await cp(`${box}:/dcopy2`, `${out}/dd`)).toMatchObject({ code: 0 });
        expect(await cp(`${box}:/dcopy2/.`, `${out}/dd2`)).toMatchObject({ code: 0 });
        expect(await cp(`${box}:/lf`, `${out}/lf2`)).toMatchObject({ code: 0 });
        expect(await cp("-L", `${box}:/dcopy2/l`, `${out}/ll`)).toMatchObject({ code: 0 });
        expect(readFileSync(at(out, "x"), "utf8")).toBe("hi\n");
        expect(readFileSync(at(out, "dd/dcopy2/sub/x"), "utf8")).toBe("x\n");
        expect(readFileSync(at(out, "dd2/sub/x"), "utf8")).toBe("x\n");
        expect(readFileSync(at(out, "ll/x"), "utf8")).toBe("x\n");
        expect(readlinkSync(at(out, "lf2"))).toBe("f");
        expect(lstatSync(at(out, "f"))).toMatchObject({ uid: 0, gid: 0 });
        const wrong = await cp(`${box}:/dcopy2`, `${out}/x`);
        expect(wrong.stderr).toContain("cannot copy directory");
        const nowhere = await cp(`${box}:/f`, `${out}/no/x`);
        expect(nowhere.stderr).toContain(
          `invalid output path: directory "${at(out, "no")}" does not exist`,
        );
        const missing = await cp(`${box}:/nope`, out);
        expect(missing.stderr).toContain(`Could not find the file /nope in container ${box}`);
      });
    });
  }

  describe(`${name} cp`, () => {
    test("obeys a read-only root, but for its volumes", async () => {
      const box = `${name}-ro`;
      must(
        await cli("create", "--read-only", "-v", `rovol-${name}:/vol`, "--name", box, "busybox"),
      );
      expect((await cp("f", `${box}:/x`)).stderr).toContain("container rootfs is marked read-only");
      expect(await cp("f", `${box}:/vol/x`)).toMatchObject({ code: 0 });
    });

    test("-a gives what is copied to the container's user", async () => {
      const box = `${name}-user`;
      must(await cli("create", "--user", "99:98", "--name", box, "busybox"));
      expect(await cp("-a", "f", `${box}:/fa`)).toMatchObject({ code: 0 });
      expect(await cp("f", `${box}:/fb`)).toMatchObject({ code: 0 });
      const owners = async (path: string) =>
        Bun.spawnSync(["tar", "tvn", "--numeric-owner"], {
          stdin: Buffer.from((await cli("cp", `${box}:${path}`, "-")).stdout),
        }).stdout.toString();
      expect(await owners("/fa")).toContain("99/98");
      expect(await owners("/fb")).toContain("1234/567");
    });

    test("between containers, and without one", async () => {
      expect((await cp("xx:/a", "yy:/b")).stderr).toContain(
        "copying between containers is not supported",
      );
      expect((await cp("f", "other")).stderr).toContain(
        "must specify at least one container source",
      );
    });
  });
}

test("berth cp -a keeps the owners of what comes out", async () => {
  const cli = suite.daemon.berth;
  must(await cli("create", "--name", "owners", "busybox"));
  must(await cli("cp", at("f"), "owners:/f"));
  must(await cli("cp", "-a", "owners:/f", at("owned")));
  expect(lstatSync(at("owned"))).toMatchObject({ uid: 1234, gid: 567 });
});

test("a hostile archive of a container stays inside of the target, and sets no set-id bits", async () => {
  const cli = suite.daemon.berth;
  mkdirSync(at("canary"));
  writeFileSync(at("canary/keep"), "untouched");
  // A symlink, and a file below it: tar keeps both where a link's directory is swapped in between.
  const script = `mkdir -p /e/d && ln -s ${at("canary")} /e/a && cp /bin/busybox /e/d/su && chmod 4755 /e/d/su`;
  must(await cli("run", "--name", "hostile", "busybox", "sh", "-c", script));
  mkdirSync(at("into"));
  symlinkSync(at("canary"), at("into/d"));
  const output = await cli("cp", "hostile:/e/.", at("into"));
  expect(output.code).toBe(1);
  expect(readFileSync(at("canary/keep"), "utf8")).toBe("untouched");
  expect(() => lstatSync(at("canary/su"))).toThrow();
  must(await cli("cp", "hostile:/e/d", at("into/other")));
  expect(lstatSync(at("into/other/su")).mode & 0o6000).toBe(0);
});

hostStaysClean(suite);
