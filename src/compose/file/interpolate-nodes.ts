import { ComposeFileError } from "./compose-file-error.ts";
import { castText } from "./convert-values.ts";
import {
  type InterpolateOptions,
  InvalidTemplate,
  interpolate,
  MissingVariable,
} from "./interpolate.ts";
import { mapEntries, type Node } from "./node.ts";

/** Replaces the variables in every value; keys stay as they are. Throws ComposeFileError. */
export function interpolateNodes(
  node: Node,
  options: InterpolateOptions,
  path: readonly string[] = [],
): Node {
  if (node.kind === "map") {
    return mapEntries(node, (value, key) => interpolateNodes(value, options, [...path, key]));
  }
  if (node.kind === "list") {
    const items = node.items.map((item) => interpolateNodes(item, options, [...path, "[]"]));
    return { ...node, items };
  }
  if (typeof node.value !== "string" || !node.value.includes("$")) return node;
  try {
    return { ...node, value: castText(interpolate(node.value, options), path) };
  } catch (error) {
    throw new ComposeFileError(explain(error, node.value, path.join(".")), node.at);
  }
}

function explain(error: unknown, text: string, path: string): string {
  if (error instanceof InvalidTemplate) {
    return `invalid interpolation format for ${path}: ${JSON.stringify(text)}. You may need to escape any $ with another $`;
  }
  if (error instanceof MissingVariable)
    return `error while interpolating ${path}: ${error.message}`;
  throw error;
}
