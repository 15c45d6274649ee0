import { describe, expect, test } from "bun:test";
import { formatList, type ListSpec } from "./list-format.ts";

interface Item {
  id: string;
  name: string;
}

const SPEC: ListSpec<Item> = {
  typeName: "*formatter.itemContext",
  headings: { ID: "ITEM ID", Name: "NAME" },
  columns: ["ID", "Name"],
  raw: "id: {{.ID}}\n",
  row: ({ id, name }) => ({ ID: id, Name: name, Label: (key: string) => `${key}!` }),
};
const ITEMS = [
  { id: "1", name: "a<b" },
  { id: "22", name: "b" },
];
const format = (template: string, quietField?: string) =>
  formatList(SPEC, ITEMS, {
    format: template,
    ...(quietField === undefined ? {} : { quietField }),
  });

describe("formatList()", () => {
  test.each([
    ["", "ITEM ID   NAME\n1         a<b\n22        b\n"],
    ["table", "ITEM ID   NAME\n1         a<b\n22        b\n"],
    ["table {{.Name}}\\t{{upper .ID}}", "NAME      ITEM ID\na<b       1\nb         22\n"],
    ["{{.ID}}: {{.Name}}", "1: a<b\n22: b\n"],
    ["{{.ID}}\\n", "1\n\n22\n\n"],
    ['table {{.Label "com.x.some-key"}}', "some key\ncom.x.some-key!\ncom.x.some-key!\n"],
    ["json", '{"ID":"1","Name":"a\\u003cb"}\n{"ID":"22","Name":"b"}\n'],
    ["{{json .}}", '{"ID":"1","Name":"a\\u003cb"}\n{"ID":"22","Name":"b"}\n'],
    ["{{json .Name}}", '"a<b"\n"b"\n'],
    ["raw", "id: 1\n\nid: 22\n\n"],
  ])("%j", async (template, expected) => {
    expect(await format(template)).toBe(expected);
  });

  test("--quiet prints one field", async () => {
    expect(await format("", "ID")).toBe("1\n22\n");
  });

  test("a wrong template is reported with its phase", async () => {
    expect(format("{{.Nope}}")).rejects.toThrow(
      `failed to execute template: template: :1:2: executing "" at <.Nope>: can't evaluate field Nope in type *formatter.itemContext`,
    );
    expect(format("{{nope}}")).rejects.toThrow(
      'failed to parse template: template: :1: function "nope" not defined',
    );
  });
});
