import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { installedPackages } from "./package-databases.ts";
import { RootReader } from "./root-reader.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "packages-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

async function found(): Promise<string[]> {
  using reader = new RootReader(root);
  const packages = await installedPackages(reader, new AbortController().signal);
  return packages.map(({ purl }) => purl);
}

describe("installedPackages()", () => {
  test("reads dpkg's database, also in single files, and leaves out what is removed", async () => {
    put("etc/os-release", 'ID=debian\nVERSION_ID="12"\n');
    put(
      "var/lib/dpkg/status",
      "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u1\nDescription: C\n with: more\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
    );
    put("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n");
    put("var/lib/dpkg/status.d/base.md5sums", "Package: no\nVersion: 1\n");
    expect(await found()).toEqual([
      "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12",
      "pkg:deb/debian/base-files@12.4?distro=debian-12",
    ]);
  });

  test("reads apk's database", async () => {
    put("etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n");
    put("lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\n\nF:lib\n");
    expect(await found()).toEqual([
      "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1",
    ]);
  });

  test("finds what npm and pip have installed anywhere", async () => {
    put("app/node_modules/@scope/a/package.json", '{"name":"@scope/a","version":"1.0.0"}');
    put("app/node_modules/a/node_modules/b/package.json", '{"name":"b","version":"2.0.0"}');
    put("app/node_modules/a/test/package.json", '{"name":"fixture","version":"0.0.1"}');
    put("app/node_modules/broken/package.json", "{");
    put("app/package.json", '{"name":"app","version":"9.9.9"}');
    put("usr/lib/python3/My_Pkg-1.dist-info/METADATA", "Name: My_Pkg\nVersion: 1\n\nName: no\n");
    expect(await found()).toEqual([
      "pkg:npm/%40scope/a@1.0.0",
      "pkg:npm/b@2.0.0",
      "pkg:pypi/my-pkg@1",
    ]);
  });

  test("a link does not lead out of the tree, nor is a pipe waited for", async () => {
    const outside = mkdtempSync(join(tmpdir(), "outside-"));
    try {
      writeFileSync(join(outside, "status"), "Package: host\nVersion: 1\n");
      mkdirSync(join(root, "var/lib"), { recursive: true });
      symlinkSync(outside, join(root, "var/lib/dpkg"));
      mkdirSync(join(root, "lib/apk/db"), { recursive: true });
      expect(Bun.spawnSync(["mkfifo", join(root, "lib/apk/db/installed")]).exitCode).toBe(0);
      expect(await found()).toEqual([]);
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
  });
});
