import { readFileSync } from "node:fs";
import { CliError } from "../../cli-error.ts";
import { AttributeReader, readAttributes } from "./attribute-list.ts";

/** `--secret`: from a file or a variable of this process. */
export interface SecretOption {
  readonly id: string;
  readonly from: { readonly file: string } | { readonly variable: string } | "either";
}

const LARGEST = 500 * 1024;

/** `id=token,src=file`, `id=token,env=VAR`; without either the variable or file with the id's name. */
export function parseSecret(text: string): SecretOption {
  const reader = new AttributeReader(readAttributes(text, "--secret"), "--secret");
  const type = reader.take("type");
  if (type !== undefined && type !== "file" && type !== "env") {
    throw new Error(`unsupported secret type "${type}": file or env`);
  }
  const env = reader.take("env");
  const source = reader.take("src", "source");
  const id = reader.take("id") ?? env ?? source?.split("/").at(-1);
  reader.end(["id", "src", "env", "type"]);
  if (id === undefined || id === "") throw new Error(`a secret needs an id: ${text}`);
  if (env !== undefined) return { id, from: { variable: env } };
  if (source === undefined) return { id, from: "either" };
  return { id, from: type === "env" ? { variable: source } : { file: source } };
}

/** The secret in base64, as the daemon takes it. */
export function readSecret(
  { id, from }: SecretOption,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const variable = from === "either" ? id : "variable" in from ? from.variable : undefined;
  const value = variable === undefined ? undefined : environment[variable];
  if (value !== undefined) return checked(id, Buffer.from(value));
  if (from !== "either" && "variable" in from) {
    throw new CliError(`secret ${id}: the environment variable ${from.variable} is not set`);
  }
  const file = from === "either" ? id : from.file;
  try {
    return checked(id, readFileSync(file));
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`secret ${id}: cannot read ${file}: ${why}`, 1, { cause: error });
  }
}

function checked(id: string, bytes: Buffer): string {
  if (bytes.length > LARGEST) throw new CliError(`secret ${id} is larger than 500 KiB`);
  return bytes.toString("base64");
}
