import { escapeHtml } from "./escape-html.ts";
import { goType, HEADING_FUNCTIONS, parseTemplate, toJson } from "./go-template/index.ts";
import type { ListSpec, Row } from "./list-format.ts";
import { alignTabs } from "./tab-writer.ts";

/**
 * A list through a template: `json`, `raw`, `table TEMPLATE` or `TEMPLATE`. The template is executed even
 * where the list is empty, so that its mistakes show.
 */
export function formatWithTemplate<Item>(
  spec: ListSpec<Item>,
  items: readonly Item[],
  format: string,
  quietField: string | undefined,
): string {
  const isTable = format.startsWith("table");
  const template = parseTemplate(templateText(spec, format, isTable, quietField));
  const lines = items.map((item) => `${template.execute(withType(spec, spec.row(item)))}\n`);
  if (!isTable) return lines.join("");
  const heading = template.execute(headingRow(spec), { functions: HEADING_FUNCTIONS });
  return alignTabs(`${heading}\n${lines.join("")}`);
}

function templateText<Item>(
  spec: ListSpec<Item>,
  format: string,
  isTable: boolean,
  quietField: string | undefined,
): string {
  if (format === "json") return "{{json .}}";
  if (format === "raw" && spec.raw !== undefined) {
    return quietField === undefined ? spec.raw : `${rawKey(quietField)}: {{.${quietField}}}`;
  }
  const body = isTable ? format.slice("table".length) : format;
  return body.trim().replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}

const rawKey = (field: string): string => (field === "ID" ? "container_id" : field.toLowerCase());

function withType<Item>(spec: ListSpec<Item>, row: Row): Row {
  return Object.assign(row, { [goType]: spec.typeName, toJSON: () => rowJson(row) });
}

/** Keys in order and HTML escaped, as Go's encoder writes a map; methods with arguments are no fields. */
function rowJson(row: Row): string {
  const fields = Object.entries(row).filter(([, value]) => typeof value !== "function");
  return escapeHtml(toJson(new Map(fields)));
}

function headingRow<Item>(spec: ListSpec<Item>): Row {
  return {
    ...spec.headings,
    [goType]: spec.typeName,
    Label: (name: string) => (name.split(".").pop() ?? "").replace(/[-_]/g, " "),
  };
}
