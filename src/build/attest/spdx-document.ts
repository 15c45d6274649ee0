import { sha256 } from "../../spec/index.ts";
import type { Predicate } from "./attestation.ts";
import type { InstalledPackage } from "./package-databases.ts";

export interface SpdxSubject {
  /** What the document calls the image. */
  readonly name: string;
  /** Digest of its manifest. */
  readonly digest: string;
  /** RFC 3339. */
  readonly created: string;
}

const NONE = "NOASSERTION";
const DOCUMENT = "SPDXRef-DOCUMENT";

/** The packages of an image in SPDX 2.3; the same packages always give the same document. */
export function spdxDocument(
  subject: SpdxSubject,
  packages: readonly InstalledPackage[],
): Predicate {
  const image = {
    name: subject.name,
    SPDXID: "SPDXRef-Image",
    downloadLocation: NONE,
    filesAnalyzed: false,
    licenseConcluded: NONE,
    licenseDeclared: NONE,
    copyrightText: NONE,
    primaryPackagePurpose: "CONTAINER",
    checksums: [{ algorithm: "SHA256", checksumValue: subject.digest.replace(/^sha256:/, "") }],
  };
  const listed = packages.map((each) => ({ id: packageId(each), each }));
  const predicate = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: DOCUMENT,
    name: subject.name,
    documentNamespace: `urn:berth:sbom:${subject.digest}`,
    creationInfo: {
      // The specification wants whole seconds.
      created: subject.created.replace(/\.\d+Z$/, "Z"),
      creators: ["Tool: berth"],
    },
    packages: [image, ...listed.map(({ id, each }) => packageEntry(id, each))],
    relationships: [
      relationship(DOCUMENT, "DESCRIBES", image.SPDXID),
      ...listed.map(({ id }) => relationship(image.SPDXID, "CONTAINS", id)),
    ],
  };
  return { type: "https://spdx.dev/Document", predicate };
}

const relationship = (from: string, type: string, to: string) => ({
  spdxElementId: from,
  relationshipType: type,
  relatedSpdxElement: to,
});

/** Letters, digits, `.` and `-` alone may stand in one; the digest keeps those apart that then look alike. */
function packageId({ name, purl, source }: InstalledPackage): string {
  const digest = sha256(`${purl}\n${source}`).slice("sha256:".length, "sha256:".length + 16);
  return `SPDXRef-Package-${name.replace(/[^A-Za-z0-9.-]+/g, "-")}-${digest}`;
}

function packageEntry(id: string, each: InstalledPackage) {
  const { name, version, purl, license, supplier, source } = each;
  return {
    name,
    SPDXID: id,
    versionInfo: version,
    ...(supplier === "" ? {} : { supplier: supplierText(supplier) }),
    downloadLocation: NONE,
    filesAnalyzed: false,
    sourceInfo: `found in /${source}`,
    licenseConcluded: NONE,
    licenseDeclared: isExpression(license) ? license : NONE,
    copyrightText: NONE,
    externalRefs: [
      {
        referenceCategory: "PACKAGE-MANAGER",
        referenceType: "purl",
        referenceLocator: purl,
      },
    ],
  };
}

/** `Name <address>` is `Name (address)` in SPDX. */
function supplierText(text: string): string {
  const [, name = text, address] = /^\s*"?([^"<]*?)"?\s*<([^>]*)>/.exec(text) ?? [];
  const who = name === "" ? (address ?? "") : name;
  return `Organization: ${who}${address === undefined || name === "" ? "" : ` (${address})`}`;
}

/** Free text is none: `MIT` and `(MIT OR Apache-2.0)` are. */
const isExpression = (text: string): boolean =>
  /^[A-Za-z0-9.+()-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+()-]+)*$/.test(text);
