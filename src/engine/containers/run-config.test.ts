import { describe, expect, test } from "bun:test";
import type { ContainerConfig } from "../../spec/index.ts";
import { commandLine, mergeRunConfig } from "./run-config.ts";

const config = (changes: Partial<ContainerConfig> = {}): ContainerConfig => ({
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "app",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  Labels: {},
  ...changes,
});

const image = {
  User: "app",
  Env: ["PATH=/bin", "A=image"],
  Cmd: ["serve"],
  Entrypoint: ["/entry"],
  Labels: { a: "image", b: "image" },
  Volumes: { "/data": {} },
  ExposedPorts: { "80/tcp": {} },
  WorkingDir: "/srv",
  StopSignal: "SIGQUIT",
  Healthcheck: { Test: ["CMD", "probe"], Retries: 5 },
};

describe("mergeRunConfig()", () => {
  test("takes from the image what the user left empty", () => {
    expect(mergeRunConfig(config(), image)).toMatchObject({
      User: "app",
      Env: ["PATH=/bin", "A=image"],
      Cmd: ["serve"],
      Entrypoint: ["/entry"],
      WorkingDir: "/srv",
      StopSignal: "SIGQUIT",
      Volumes: { "/data": {} },
      ExposedPorts: { "80/tcp": {} },
      Healthcheck: { Test: ["CMD", "probe"], Retries: 5 },
    });
  });

  test("lets the user's values win and joins lists", () => {
    const merged = mergeRunConfig(
      config({
        Env: ["A=user", "EMPTY"],
        Labels: { a: "user" },
        ExposedPorts: { "81/udp": {} },
        Healthcheck: { Interval: 7, Retries: 0 },
        User: "0",
      }),
      image,
    );
    expect(merged.Env).toEqual(["A=user", "EMPTY", "PATH=/bin"]);
    expect(merged.Labels).toEqual({ a: "user", b: "image" });
    expect(Object.keys(merged.ExposedPorts ?? {}).sort()).toEqual(["80/tcp", "81/udp"]);
    expect(merged.Healthcheck).toEqual({ Test: ["CMD", "probe"], Retries: 5, Interval: 7 });
    expect(merged.User).toBe("0");
  });

  test("a command replaces the image's, an entrypoint drops the image's command", () => {
    expect(mergeRunConfig(config({ Cmd: ["x"] }), image)).toMatchObject({
      Entrypoint: ["/entry"],
      Cmd: ["x"],
    });
    expect(mergeRunConfig(config({ Entrypoint: ["sh"] }), image)).toMatchObject({
      Entrypoint: ["sh"],
      Cmd: null,
    });
  });

  test('an entrypoint of [""] resets the image\'s', () => {
    const merged = mergeRunConfig(config({ Entrypoint: [""], Cmd: ["ls"] }), image);
    expect(commandLine(merged)).toEqual({ path: "ls", args: [] });
  });

  test("works without an image", () => {
    expect(mergeRunConfig(config({ Cmd: ["/x"] }), undefined)).toMatchObject({
      Cmd: ["/x"],
      Env: [],
      Volumes: null,
    });
  });
});

describe("commandLine()", () => {
  test("joins entrypoint and command", () => {
    expect(commandLine({ Entrypoint: ["a", "b"], Cmd: ["c"] })).toEqual({
      path: "a",
      args: ["b", "c"],
    });
  });
  test("refuses nothing with Docker's words", () => {
    expect(() => commandLine({ Entrypoint: null, Cmd: [] })).toThrow("no command specified");
  });
});
