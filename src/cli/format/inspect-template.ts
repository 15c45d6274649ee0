import { parseTemplate } from "./go-template/index.ts";
import { asGoMaps, asGoStructs } from "./inspect-shape.ts";

/**
 * Reads a template for inspected objects. Like Docker's CLI it looks at an object as its Go type first,
 * and where that has no such field, as plain JSON in which a missing key is an error.
 */
export function inspectTemplate(format: string): (value: unknown) => string {
  const template = parseTemplate(format.replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
  return (value) => {
    try {
      return template.execute(asGoStructs(value));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "TemplateError") throw error;
      return template.execute(asGoMaps(value), { strictKeys: true, untyped: true });
    }
  };
}
