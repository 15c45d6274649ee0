import { describe, expect, test } from "bun:test";
import { goType } from "./go-value.ts";
import { TemplateError } from "./syntax.ts";
import { parseTemplate } from "./template.ts";

class Row {
  readonly [goType] = "*formatter.ContainerContext";
  readonly ID = "ec0f2e0b8544";
  readonly Names = "c2";
  readonly Tags = ["a", "b"];
  readonly Count = 3;
  readonly Missing = null;
  readonly Empty = "";
  readonly Options = new Map<string, unknown>([
    ["z", "1"],
    ["a", "2"],
  ]);
  readonly State = { Running: true, Pid: 12 };

  Label(name: string): string {
    return name === "a" ? "b" : "";
  }
}

const run = (template: string): string => {
  try {
    return parseTemplate(template).execute(new Row());
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
};

describe("values", () => {
  test.each([
    ["{{.ID}}", "ec0f2e0b8544"],
    ["{{.State}}", "{true 12}"],
    ["{{.State.Running}}", "true"],
    ["{{.Options}}", "map[a:2 z:1]"],
    ["{{.Options.nope}}", "<no value>"],
    ["{{.Options.nope.deeper}}", "<no value>"],
    ["{{.Tags}}", "[a b]"],
    ["{{.Missing}}", "<nil>"],
    ['{{.Label "a"}}', "b"],
    ["{{(.State).Pid}}", "12"],
    ["{{1}} {{1.5}} {{0x10}} {{'a'}} {{true}} {{`raw\\n`}}", "1 1.5 16 97 true raw\\n"],
    ['{{"a\\tb\\u00e9"}}', "a\tbé"],
  ])("%s", (template, expected) => {
    expect(run(template)).toBe(expected);
  });
});

describe("actions", () => {
  test.each([
    ["{{if .Empty}}x{{else if .ID}}y{{else}}z{{end}}", "y"],
    ["{{if .Empty}}x{{else if .Missing}}y{{else}}z{{end}}", "z"],
    ["{{with .State}}{{.Pid}}{{end}}{{with .Empty}}x{{else}}none{{end}}", "12none"],
    ["{{with $x := .Count}}{{$x}}{{$.ID}}{{end}}", "3ec0f2e0b8544"],
    ["{{range .Tags}}<{{.}}>{{end}}", "<a><b>"],
    ["{{range $i, $t := .Tags}}{{$i}}{{$t}}{{end}}", "0a1b"],
    ["{{range $k, $v := .Options}}{{$k}}={{$v}};{{end}}", "a=2;z=1;"],
    ["{{range .Options.nope}}x{{else}}none{{end}}", "none"],
    ['{{range .Tags}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', "a"],
    ['{{range .Tags}}{{if eq . "a"}}{{continue}}{{end}}{{.}}{{end}}', "b"],
    ["{{range 3}}{{.}}{{end}}", "012"],
    ["{{$n := 1}}{{range .Tags}}{{$n = 2}}{{end}}{{$n}}", "2"],
    ['{{define "t"}}[{{.}}]{{end}}{{template "t" .ID}}', "[ec0f2e0b8544]"],
    ['{{block "t" .Count}}<{{.}}>{{end}}', "<3>"],
    ["a  {{- /* note */ -}}  b", "ab"],
    ["x {{- .Names -}} y", "xc2y"],
    ["{{ .ID | }}", "ec0f2e0b8544"],
  ])("%s", (template, expected) => {
    expect(run(template)).toBe(expected);
  });
});

describe("functions", () => {
  test.each([
    ["{{.Names | upper | lower | title}}", "C2"],
    ["{{pad .Names 3 2}}|{{truncate .ID 3}}|", "   c2  |ec0|"],
    ['{{join .Tags ","}} {{split "a/b" "/"}}', "a,b [a b]"],
    [
      "{{json .State}} {{json .Options}} {{json .Missing}}",
      '{"Running":true,"Pid":12} {"a":"2","z":"1"} null',
    ],
    [
      '{{printf "%5s|%-4d|%04d|%q|%v" .Names 3 7 .ID .Tags}}',
      '   c2|3   |0007|"ec0f2e0b8544"|[a b]',
    ],
    [
      '{{printf "%d" .ID}} {{printf "%s"}} {{printf "x" 1}}',
      "%!d(string=ec0f2e0b8544) %!s(MISSING) x%!(EXTRA int=1)",
    ],
    ['{{printf "%.2f %x %T %t" 1.5 255 .ID true}}', "1.50 ff string true"],
    ['{{.Names | printf "%5s"}}', "   c2"],
    ['{{index .Tags 1}} {{index .Options "z"}} {{len .ID}} {{slice .ID 1 3}}', "b 1 12 c0"],
    [
      "{{and .ID .Count}} {{and .Empty .Nope}} {{or .Empty .ID}} {{not .ID}}",
      "3  ec0f2e0b8544 false",
    ],
    [
      '{{eq 1 2 1}} {{ne 1 2}} {{lt 1 2}} {{ge .Count 3}} {{gt "b" "a"}}',
      "true true true true true",
    ],
    ["{{println .ID}}", "ec0f2e0b8544\n"],
    ["{{print 1 2 .ID}}", "1 2ec0f2e0b8544"],
    ['{{html "<a>"}} {{js "\'"}} {{urlquery "a b&c"}}', "&lt;a&gt; \\' a+b%26c"],
  ])("%s", (template, expected) => {
    expect(run(template)).toBe(expected);
  });
});

describe("errors speak Go's words", () => {
  test.each([
    [
      "{{.Foo}}",
      `template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
    ],
    ["{{.ID.x}}", `template: :1:5: executing "" at <.ID.x>: can't evaluate field x in type string`],
    [
      "\n {{.Foo}}",
      `template: :2:3: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
    ],
    ["{{foo}}", 'template: :1: function "foo" not defined'],
    ["{{.ID", "template: :1: unclosed action"],
    ["{{if}}", "template: :1: missing value for if"],
    ['{{"a}}', "template: :1: unterminated quoted string"],
    [
      "{{.Label}}",
      `template: :1:2: executing "" at <.Label>: wrong number of args for Label: want 1 got 0`,
    ],
    [
      "{{.ID 1}}",
      `template: :1:2: executing "" at <.ID>: wrong number of args for ID: want 0 got 1`,
    ],
    [
      "{{index .ID 99}}",
      `template: :1:2: executing "" at <index .ID 99>: error calling index: reflect: string index out of range`,
    ],
    ["{{end}}", "template: :1: unexpected {{end}}"],
    ["{{else}}", "template: :1: unexpected {{else}}"],
    ["{{if .ID}}", "template: :1: unexpected EOF"],
    ["{{$x}}", 'template: :1: undefined variable "$x"'],
    ["{{1 2}}", `template: :1:2: executing "" at <1>: can't give argument to non-function 1`],
    [
      '{{template "x"}}',
      `template: :1:11: executing "" at <{{template "x"}}>: template "x" not defined`,
    ],
    ["{{nil}}", `template: :1:2: executing "" at <nil>: nil is not a command`],
    [
      "{{eq .ID}}",
      `template: :1:2: executing "" at <eq .ID>: error calling eq: missing argument for comparison`,
    ],
    [
      '{{lt 1 "a"}}',
      `template: :1:2: executing "" at <lt 1 "a">: error calling lt: incompatible types for comparison`,
    ],
    [
      "{{index}}",
      `template: :1:2: executing "" at <index>: wrong number of args for index: want at least 1 got 0`,
    ],
    ["{{(.ID}}", "template: :1: unclosed left paren"],
    ["{{.ID)}}", "template: :1: unexpected right paren"],
    ["{{| .ID}}", 'template: :1: unexpected "|" in command'],
    ["{{/* x }}", "template: :1: unclosed comment"],
    [
      "{{range .ID}}x{{end}}",
      `template: :1:8: executing "" at <.ID>: range can't iterate over ec0f2e0b8544`,
    ],
    ["{{break}}", "template: :1: {{break}} outside {{range}}"],
  ])("%s", (template, expected) => {
    expect(run(template)).toBe(expected);
  });

  test("untyped data: a missing key is an error only where strict", () => {
    const data = new Map([["A", new Map([["B", 1]])]]);
    const options = { strictKeys: true, untyped: true };
    expect(parseTemplate("{{.A.B}}").execute(data, options)).toBe("1");
    expect(() => parseTemplate("{{.A.C}}").execute(data, options)).toThrow(
      `template: :1:4: executing "" at <.A.C>: map has no entry for key "C"`,
    );
    expect(parseTemplate("{{.A.C}}").execute(data)).toBe("<no value>");
  });
});

test("readsField() sees fields in every place", () => {
  expect(parseTemplate("{{if eq (len .Size) 1}}{{end}}").readsField("Size")).toBe(true);
  expect(parseTemplate("{{range .X}}{{$.Size}}{{end}}").readsField("Size")).toBe(true);
  expect(parseTemplate("{{.Sizes}}").readsField("Size")).toBe(false);
});

test("fuzz: any text is executed or refused with a TemplateError", () => {
  const pieces = [
    "{{",
    "}}",
    " ",
    ".ID",
    ".State",
    ".Pid",
    "if",
    "end",
    "else",
    "range",
    "with",
    "$x",
    ":=",
    "=",
    ",",
    "|",
    "(",
    ")",
    '"s"',
    "'c'",
    "`",
    "1",
    "-",
    "1.5e3",
    "eq",
    "index",
    "printf",
    "json",
    "nil",
    "true",
    "/*",
    "*/",
    "\n",
    "é",
    "break",
    "define",
    "template",
    "block",
    "- ",
    " -",
    "\\",
    "_",
    "%",
  ];
  let seed = 42;
  const random = (limit: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % limit;
  };
  for (let round = 0; round < 20000; round++) {
    const words = Array.from({ length: 1 + random(14) }, () => pieces[random(pieces.length)]);
    const template = random(2) === 0 ? words.join("") : `{{${words.join(" ")}}}`;
    try {
      parseTemplate(template).execute(new Row());
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateError);
      expect(String(error)).toMatch(/^TemplateError: template: :\d+:/);
    }
  }
});
