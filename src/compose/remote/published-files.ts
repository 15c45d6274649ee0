import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { isMap, isScalar, isSeq, parseAllDocuments, type YAMLMap } from "yaml";
import { sha256 } from "../../spec/index.ts";

/** A name for a file that tells nothing of where it stands here. */
const sha256Hex = (text: string): string => sha256(text).slice("sha256:".length);

/** A file of an application as it is published. */
export interface PublishedFile {
  kind: "file" | "extended" | "env";
  name: string;
  text: string;
}

/** The files of an application and those that they name, under names that mean something elsewhere. */
export async function publishedFiles(files: readonly string[]): Promise<PublishedFile[]> {
  const main: PublishedFile[] = [];
  const beside = new Map<string, PublishedFile>();
  for (const path of files) {
    const text = await renamed(path, beside);
    main.push({ kind: "file", name: basename(path), text });
  }
  return [...main, ...beside.values()];
}

/** A file's text with what it names renamed, its comments and order as they are. */
async function renamed(path: string, beside: Map<string, PublishedFile>): Promise<string> {
  const documents = parseAllDocuments(await readFile(path, "utf8"));
  let changed = false;
  for (const document of Array.isArray(documents) ? documents : []) {
    if (document.has("include")) {
      throw new Error(
        `cannot publish "${path}": it includes other files; publish what "config" prints instead`,
      );
    }
    const services = document.get("services");
    for (const { value: service } of isMap(services) ? services.items : []) {
      if (!isMap(service)) continue;
      changed = (await renameEnvFiles(service, path, beside)) || changed;
      changed = (await renameExtended(service, path, beside)) || changed;
    }
  }
  const text = await readFile(path, "utf8");
  if (!changed || !Array.isArray(documents)) return text;
  return documents.map(String).join("---\n");
}

async function renameEnvFiles(
  service: YAMLMap,
  from: string,
  beside: Map<string, PublishedFile>,
): Promise<boolean> {
  const said = service.get("env_file", true);
  const entries = isSeq(said) ? said.items : said === undefined ? [] : [said];
  for (const [index, entry] of entries.entries()) {
    const path = isMap(entry) ? entry.get("path") : isScalar(entry) ? entry.value : undefined;
    if (typeof path !== "string") continue;
    const name = `${sha256Hex(resolve(dirname(from), path))}.env`;
    const whole = resolve(dirname(from), path);
    const optional = isMap(entry) && entry.get("required") === false;
    const text = await readFile(whole, "utf8").catch((error: unknown) => {
      if (!optional) throw error;
    });
    if (text === undefined) continue;
    beside.set(name, { kind: "env", name, text });
    if (isMap(entry)) entry.set("path", name);
    else if (isSeq(said)) said.set(index, name);
    else service.set("env_file", name);
  }
  return entries.length > 0;
}

async function renameExtended(
  service: YAMLMap,
  from: string,
  beside: Map<string, PublishedFile>,
): Promise<boolean> {
  const link = service.get("extends");
  const file = isMap(link) ? link.get("file") : undefined;
  if (!isMap(link) || typeof file !== "string") return false;
  const whole = resolve(dirname(from), file);
  const name = `${sha256Hex(whole)}.yaml`;
  link.set("file", name);
  if (beside.has(name)) return true;
  const entry: PublishedFile = { kind: "extended", name, text: "" };
  beside.set(name, entry);
  entry.text = await renamed(whole, beside);
  return true;
}
