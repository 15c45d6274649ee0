import { describe, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFlags } from "../flags/parse-flags.ts";
import { containerFlags } from "./container-flags.ts";
import recorded from "./create-request.data.json";
import { createRequest } from "./create-request.ts";

const request = (args: readonly string[], environment: Record<string, string> = {}) => {
  const parsed = parseFlags(containerFlags, [...args, "busybox"], { interspersed: false });
  return createRequest({ ...parsed, environment });
};

/** A copy of a JSON value with the values at `a/b` paths replaced, or taken away where null. */
function changed(plain: unknown, changes: Readonly<Record<string, unknown>>): unknown {
  const copy = JSON.parse(JSON.stringify(plain));
  for (const [path, value] of Object.entries(changes)) {
    // A slash inside of a key (`80/tcp`, `/dst`) makes a path ambiguous: the longest key wins.
    let at = copy;
    const words = path.split("/");
    while (words.length > 0) {
      const whole = words.join("/");
      const next = words[0] ?? "";
      if (words.length > 1 && typeof at[next] === "object" && at[next] !== null) {
        at = at[next];
        words.shift();
        continue;
      }
      if (value === null) delete at[whole];
      else at[whole] = value;
      break;
    }
  }
  return copy;
}

const cases: readonly { args: string[]; error?: string; changes?: Record<string, unknown> }[] =
  recorded.cases;

describe("createRequest() asks what Docker's CLI 28.2.2 was recorded to ask", () => {
  test.each(
    cases.filter((each) => each.error === undefined).map((each) => [each.args.join(" "), each]),
  )("%s", async (_, { args, changes = {} }) => {
    const sent = JSON.parse(JSON.stringify(await request(args)));
    expect(sent).toEqual(changed(recorded.plain, changes));
  });
});

describe("createRequest() refuses in the recorded words", () => {
  test.each(
    cases.filter((each) => each.error !== undefined).map((each) => [each.args.join(" "), each]),
  )("%s", async (_, { args, error = "" }) => {
    const refusal = await Promise.resolve()
      .then(() => request(args))
      .then(
        () => "accepted",
        (failure: Error) => failure.message,
      );
    expect(refusal).toBe(error);
  });
});

describe("createRequest() reads files and the environment", () => {
  const directory = mkdtempSync(join(tmpdir(), "berth-cli-"));
  const file = join(directory, "variables");
  writeFileSync(file, "\ufeffA=1\n# comment\n\n  B=two words\nFROM_ENV\nABSENT\nC=x=y\n");

  test("--env-file before -e, names from the environment", async () => {
    const { Env } = await request(["--env-file", file, "-e", "A=2"], { FROM_ENV: "here" });
    expect(Env).toEqual(["A=1", "B=two words", "FROM_ENV=here", "C=x=y", "A=2"]);
  });

  test("--label-file, labels of flags win", async () => {
    const { Labels } = await request(["--label-file", file, "-l", "A=3"]);
    expect(Labels).toEqual({ A: "3", B: "two words", C: "x=y" });
  });

  test("a bad line is refused with the file's name", async () => {
    const bad = join(directory, "bad");
    writeFileSync(bad, "A B=1\n");
    expect(request(["--env-file", bad])).rejects.toThrow(
      `invalid env file (${bad}): variable 'A B' contains whitespaces`,
    );
    expect(request(["--env-file", `${bad}2`])).rejects.toThrow(
      `open ${bad}2: no such file or directory`,
    );
  });

  test("a seccomp profile is sent as its content", async () => {
    const profile = join(directory, "profile.json");
    writeFileSync(profile, '{ "defaultAction": "SCMP_ACT_ALLOW" }\n');
    const { HostConfig } = await request(["--security-opt", `seccomp=${profile}`]);
    expect(HostConfig?.SecurityOpt).toEqual(['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']);
  });

  test("relative sources of binds become absolute", async () => {
    const { HostConfig } = await request(["-v", "./x:/y:ro", "--mount", "type=bind,src=.,dst=/z"]);
    expect(HostConfig?.Binds).toEqual([`${process.cwd()}/x:/y:ro`]);
    expect(HostConfig?.Mounts).toEqual([{ Type: "bind", Source: process.cwd(), Target: "/z" }]);
  });
});
