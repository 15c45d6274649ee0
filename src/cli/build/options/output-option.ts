import type { BuildLayerForm, BuildOutput } from "../../../spec/index.ts";
import { AttributeReader, readAttributes } from "./attribute-list.ts";
import { readLayerForm } from "./layer-form-option.ts";

/** `--output`: what the daemon is asked for, and where its answer goes on this machine. */
export interface OutputOption {
  readonly output: BuildOutput;
  /** `-` is standard output. Absent: nothing comes back. */
  readonly destination?: string;
  readonly compression?: BuildLayerForm;
  readonly annotations: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

const KNOWN = [
  "type",
  "dest",
  "name",
  "push",
  "compression",
  "compression-level",
  "force-compression",
  "platform-split",
  "tar",
  "registry.insecure",
  "annotation.*",
];
const TYPES = ["local", "tar", "oci", "docker", "image", "registry", "cacheonly"];

/** `type=local,dest=out`, or only a destination: `out`, `-`. Throws an `Error` with what is wrong. */
export function parseOutput(text: string): OutputOption {
  if (!text.includes("=") && !text.startsWith("type")) {
    return text === "-"
      ? { output: { type: "tar" }, destination: "-", annotations: {}, tags: [] }
      : { output: { type: "local" }, destination: text, annotations: {}, tags: [] };
  }
  const attributes = readAttributes(text, "--output");
  const annotations: Record<string, string> = {};
  for (const [name, value] of attributes) {
    const key = /^annotation(?:-[a-z-]+)?(?:\[[^\]]*\])?\.(.+)$/.exec(name)?.[1];
    if (key === undefined) continue;
    annotations[key] = value;
    attributes.delete(name);
  }
  const reader = new AttributeReader(attributes, "--output");
  const type = reader.take("type");
  if (type === undefined) throw new Error("type is required for output");
  const destination = reader.take("dest", "destination");
  const compression = readLayerForm(reader);
  const name = reader.take("name");
  const output = readOutput(type, reader, name);
  // Accepted and of no effect: what is written is always as these would make it.
  reader.take("oci-mediatypes", "rewrite-timestamp", "unpack", "store", "buildinfo");
  reader.take("context", "name-canonical", "push-by-digest");
  reader.end(KNOWN);
  return {
    output,
    annotations,
    tags: name === undefined ? [] : name.split(","),
    ...place(output, destination),
    ...(compression === undefined ? {} : { compression }),
  };
}

function readOutput(type: string, reader: AttributeReader, name: string | undefined): BuildOutput {
  switch (type) {
    case "image": {
      const push = reader.takeBoolean("push");
      return { type, ...(push === undefined ? {} : { push }) };
    }
    case "registry": {
      const insecure = reader.takeBoolean("registry.insecure");
      return { type, ...(insecure === undefined ? {} : { insecure }) };
    }
    case "local":
    case "tar": {
      const platformSplit = reader.takeBoolean("platform-split");
      return { type, ...(platformSplit === undefined ? {} : { platformSplit }) };
    }
    case "oci":
    case "docker": {
      const tar = reader.takeBoolean("tar");
      const [first] = name?.split(",") ?? [];
      return {
        type,
        ...(first === undefined ? {} : { name: first }),
        ...(tar === undefined ? {} : { tar }),
      };
    }
    case "cacheonly":
      return { type };
    default:
      throw new Error(`unknown output type "${type}": known are ${TYPES.join(", ")}`);
  }
}

/** A docker archive without a destination goes into the image store, as `--load` says. */
function place(output: BuildOutput, destination: string | undefined): { destination?: string } {
  if (output.type === "local") {
    if (destination === undefined || destination === "")
      throw new Error("output directory is required for local exporter");
    return { destination };
  }
  if (output.type === "tar" || output.type === "oci") return { destination: destination ?? "-" };
  if (output.type === "docker") return destination === undefined ? {} : { destination };
  if (destination !== undefined) throw new Error(`an output of type ${output.type} has no dest`);
  return {};
}
