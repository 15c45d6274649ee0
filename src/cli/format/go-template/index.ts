export { HEADING_FUNCTIONS } from "./functions.ts";
export { goType, printValue, toJson } from "./go-value.ts";
export { TemplateError } from "./syntax.ts";
export { parseTemplate, type Template } from "./template.ts";
