import type { BuildRequest } from "../../../spec/index.ts";
import { readAttributes } from "./attribute-list.ts";

type Attestations = NonNullable<BuildRequest["attestations"]>;

/** `--attest`, and its short forms `--provenance` and `--sbom`. Throws an `Error`. */
export function readAttestations(
  attest: readonly string[],
  provenance: string,
  sbom: string,
): Attestations | undefined {
  let asked: Attestations = {};
  for (const text of attest) {
    const attributes = readAttributes(text, "--attest");
    const type = attributes.get("type");
    if (attributes.get("disabled") === "true") continue;
    if (type === "provenance") asked = { ...asked, ...provenanceOf(attributes) };
    else if (type === "sbom") asked = { ...asked, sbom: true };
    else throw new Error(`unknown attestation type "${type ?? ""}": provenance or sbom`);
  }
  const wanted = shortForm(provenance, "--provenance");
  if (wanted !== undefined) asked = { ...asked, ...provenanceOf(wanted) };
  if (shortForm(sbom, "--sbom") !== undefined) asked = { ...asked, sbom: true };
  return asked.provenance === undefined && asked.sbom === undefined ? undefined : asked;
}

/** `true`, `false`, or attributes. */
function shortForm(text: string, flag: string): Map<string, string> | undefined {
  if (text === "" || /^(?:0|f|false)$/i.test(text)) return undefined;
  if (/^(?:1|t|true)$/i.test(text)) return new Map();
  const attributes = readAttributes(text, flag);
  return attributes.get("disabled") === "true" ? undefined : attributes;
}

function provenanceOf(attributes: ReadonlyMap<string, string>): Attestations {
  const version = attributes.get("version");
  if (version !== undefined && version !== "v0.2" && version !== "v1") {
    throw new Error(`unknown provenance version "${version}": v0.2 or v1`);
  }
  const builderId = attributes.get("builder-id");
  return {
    provenance: mode(attributes.get("mode")),
    ...(version === undefined ? {} : { provenanceVersion: version }),
    ...(builderId === undefined ? {} : { builderId }),
  };
}

function mode(text: string | undefined): "min" | "max" {
  if (text === undefined || text === "min") return "min";
  if (text === "max") return "max";
  throw new Error(`unknown provenance mode "${text}": min or max`);
}
