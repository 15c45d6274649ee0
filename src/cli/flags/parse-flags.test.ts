import { describe, expect, test } from "bun:test";
import {
  bool,
  bytes,
  decimal,
  duration,
  filter,
  int,
  list,
  map,
  string,
  strings,
} from "./flag-kinds.ts";
import { HelpRequested, parseFlags } from "./parse-flags.ts";

const flags = {
  interactive: bool("", { short: "i" }),
  tty: bool("", { short: "t" }),
  publish: list("", { short: "p" }),
  name: string(""),
  memory: bytes("", { short: "m" }),
  cpus: decimal(""),
  last: int("", { short: "n", initial: -1 }),
  interval: duration(""),
  filter: filter("", { short: "f" }),
  opt: map("", { short: "o" }),
  subnet: strings(""),
  network: string("", { otherNames: ["net"] }),
};

const parse = (words: string[], interspersed = true) => parseFlags(flags, words, { interspersed });

const problem = (words: string[]): string => {
  try {
    parse(words);
    return "accepted";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe("parseFlags()", () => {
  test("letters together, with values attached, after = and apart", () => {
    const { values, args } = parse(["-itp80:80", "-p=1:1", "-p", "2", "x"]);
    expect(values).toMatchObject({ interactive: true, tty: true, publish: ["80:80", "1:1", "2"] });
    expect(args).toEqual(["x"]);
  });

  test("long flags, = and apart, booleans with a value", () => {
    const { values, changed } = parse([
      "--name=a=b",
      "--memory",
      "1k",
      "--tty=false",
      "--net",
      "n",
    ]);
    expect(values).toMatchObject({ name: "a=b", memory: 1024, tty: false, network: "n" });
    expect([...changed].sort()).toEqual(["memory", "name", "network", "tty"]);
  });

  test("flags end at the first argument only where they shall", () => {
    expect(parse(["a", "-i", "b"])).toMatchObject({
      args: ["a", "b"],
      values: { interactive: true },
    });
    expect(parse(["-t", "a", "-i", "--", "b"], false)).toMatchObject({
      args: ["a", "-i", "--", "b"],
      values: { interactive: false, tty: true },
    });
    expect(parse(["a", "--", "-i", "-"]).args).toEqual(["a", "-i", "-"]);
    expect(parse(["-", "a"], false).args).toEqual(["-", "a"]);
  });

  test("kinds", () => {
    const { values } = parse(
      "--cpus 1.5 -n 0x10 --interval 1m30s -f Name=x -f label=a=b -o k=v -o k2 --subnet a,b --subnet c".split(
        " ",
      ),
    );
    expect(values).toMatchObject({
      cpus: 1_500_000_000,
      last: 16,
      interval: 90e9,
      filter: ["name=x", "label=a=b"],
      opt: { k: "v", k2: "" },
      subnet: ["a", "b", "c"],
    });
  });

  test.each([
    [["--nope"], "unknown flag: --nope"],
    [["-x"], "unknown shorthand flag: 'x' in -x"],
    [["-ix"], "unknown shorthand flag: 'x' in -x"],
    [["-t="], "unknown shorthand flag: '=' in -="],
    [["--=x"], "bad flag syntax: --=x"],
    [["--name"], "flag needs an argument: --name"],
    [["-p"], "flag needs an argument: 'p' in -p"],
    [["-m", "zz"], `invalid argument "zz" for "-m, --memory" flag: invalid size: 'zz'`],
    [["-m", "1z"], `invalid argument "1z" for "-m, --memory" flag: invalid suffix: 'z'`],
    [
      ["-m", "1.5.2g"],
      `invalid argument "1.5.2g" for "-m, --memory" flag: strconv.ParseFloat: parsing "1.5.2": invalid syntax`,
    ],
    [
      ["--cpus", "x"],
      `invalid argument "x" for "--cpus" flag: failed to parse x as a rational number`,
    ],
    [
      ["--cpus", "1.0000000001"],
      `invalid argument "1.0000000001" for "--cpus" flag: value is too precise`,
    ],
    [
      ["-n", "1e3"],
      `invalid argument "1e3" for "-n, --last" flag: strconv.ParseInt: parsing "1e3": invalid syntax`,
    ],
    [
      ["--interval", "1"],
      `invalid argument "1" for "--interval" flag: time: missing unit in duration "1"`,
    ],
    [
      ["--interval", "1x"],
      `invalid argument "1x" for "--interval" flag: time: unknown unit "x" in duration "1x"`,
    ],
    [
      ["--tty=xx"],
      `invalid argument "xx" for "-t, --tty" flag: strconv.ParseBool: parsing "xx": invalid syntax`,
    ],
    [
      ["-f", "abc"],
      `invalid argument "abc" for "-f, --filter" flag: bad format of filter (expected name=value)`,
    ],
  ])("%j is refused", (words, message) => {
    expect(problem(words)).toBe(message);
  });

  test("help is asked for by name, and by letter where the letter is free", () => {
    for (const words of [["--help"], ["-h"], ["-ih"]]) {
      expect(() => parse(words)).toThrow(HelpRequested);
    }
  });

  test.each([
    ["3/2", 1_500_000_000],
    ["1e-1", 100_000_000],
    ["-1", -1_000_000_000],
    [".5", 500_000_000],
  ])("--cpus %s", (text, nano) => {
    expect(parse(["--cpus", text]).values.cpus).toBe(nano);
  });
});
