export { type Attestation, type Predicate, putAttestation } from "./attestation.ts";
export { installedPackages } from "./package-databases.ts";
export { imageUrl } from "./package-url.ts";
export { type BuildFacts, type Material, provenance } from "./provenance.ts";
export { RootReader } from "./root-reader.ts";
export { spdxDocument } from "./spdx-document.ts";
