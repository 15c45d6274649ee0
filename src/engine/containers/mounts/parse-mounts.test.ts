import { describe, expect, test } from "bun:test";
import type { Mount } from "../../../spec/index.ts";
import { anonymousVolume, parseBind, parseMount, parseVolumesFrom } from "./parse-mounts.ts";

describe("parseBind()", () => {
  test("an absolute source is a bind whose source may be made", () => {
    expect(parseBind("/src/:/dst/../x/:ro,rshared", "")).toMatchObject({
      type: "bind",
      source: "/src",
      destination: "/x",
      mode: "ro,rshared",
      readWrite: false,
      propagation: "rshared",
      createSource: true,
    });
  });

  test("a name is a volume, filled from the image unless nocopy", () => {
    expect(parseBind("data:/dst", "")).toMatchObject({
      type: "volume",
      name: "data",
      destination: "/dst",
      readWrite: true,
      copyUp: true,
      anonymous: false,
    });
    expect(parseBind("data:/dst:nocopy", "").copyUp).toBe(false);
  });

  test("a target alone is an anonymous volume", () => {
    expect(parseBind("/dst", "")).toMatchObject({ type: "volume", anonymous: true });
  });

  const wrong: [string, string][] = [
    ["", "invalid volume specification: ''"],
    ["a:b:c:d", "invalid volume specification: 'a:b:c:d'"],
    ["/a:ro", "invalid volume specification: '/a:ro'"],
    ["/a:/b:rw,ro", "invalid mode: rw,ro"],
    ["/a:/b:nope", "invalid mode: nope"],
    [
      "/a:b",
      "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' mount path must be absolute",
    ],
    [
      "a:/",
      "invalid volume specification: 'a:/': invalid mount config for type \"volume\": invalid specification: destination can't be '/'",
    ],
  ];
  for (const [text, message] of wrong) {
    test(`rejects ${JSON.stringify(text)}`, () => {
      expect(() => parseBind(text, "")).toThrow(message);
    });
  }
});

describe("parseMount()", () => {
  const there = () => true;
  test("bind", () => {
    const mount: Mount = {
      Type: "bind",
      Source: "/src",
      Target: "/dst",
      ReadOnly: true,
      BindOptions: { NonRecursive: true, ReadOnlyNonRecursive: true },
    };
    expect(parseMount(mount, there)).toMatchObject({
      type: "bind",
      source: "/src",
      readWrite: false,
      propagation: "rprivate",
      nonRecursive: true,
      recursiveReadOnly: "never",
      createSource: false,
    });
  });

  test("tmpfs", () => {
    const mount: Mount = {
      Type: "tmpfs",
      Target: "/t",
      TmpfsOptions: { SizeBytes: 4096, Mode: 0o1770, Options: [["exec"]] },
    };
    expect(parseMount(mount, there).tmpfsOptions).toEqual(["mode=1770", "size=4096", "exec"]);
  });

  test("volume", () => {
    const mount: Mount = {
      Type: "volume",
      Source: "data",
      Target: "/d",
      VolumeOptions: { NoCopy: true, Labels: { a: "b" }, Subpath: "x/y" },
    };
    expect(parseMount(mount, there)).toMatchObject({
      name: "data",
      copyUp: false,
      subpath: "x/y",
      volume: { labels: { a: "b" } },
    });
  });

  const wrong: [Partial<Mount>, string][] = [
    [{ Type: "bind", Target: "/d" }, 'for type "bind": field Source must not be empty'],
    [{ Type: "bind", Source: "/gone", Target: "/d" }, "bind source path does not exist: /gone"],
    [{ Type: "bind", Source: "rel", Target: "/d" }, "mount path must be absolute"],
    [{ Type: "volume", Target: "" }, "field Target must not be empty"],
    [{ Type: "tmpfs", Source: "x", Target: "/t" }, "field Source must not be specified"],
    [{ Type: "tmpfs", Target: "/t", BindOptions: {} }, "field BindOptions must not be specified"],
    [
      { Type: "volume", Source: "a", Target: "/t", VolumeOptions: { Subpath: "../x" } },
      "subpath must be a relative path within the volume",
    ],
    [{ Type: "npipe", Target: "/t" }, "mount type unknown"],
  ];
  for (const [mount, message] of wrong) {
    test(`rejects ${JSON.stringify(mount)}`, () => {
      expect(() => parseMount({ Target: "", Type: "bind", ...mount }, () => false)).toThrow(
        message,
      );
    });
  }
});

describe("parseVolumesFrom()", () => {
  test("container and mode", () => {
    expect(parseVolumesFrom("web")).toEqual({ container: "web", readWrite: true });
    expect(parseVolumesFrom("web:ro")).toEqual({ container: "web", readWrite: false });
    expect(() => parseVolumesFrom("web:nocopy")).toThrow("invalid mode: nocopy");
    expect(() => parseVolumesFrom("")).toThrow("cannot be an empty string");
  });
});

test("anonymousVolume() cleans its target", () => {
  expect(anonymousVolume("/var//lib/", "").destination).toBe("/var/lib");
});
