import { letOthersWork } from "../files/let-others-work.ts";
import { packageUrl } from "./package-url.ts";
import type { RootReader } from "./root-reader.ts";

/** A package that a tree has installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  /** An SPDX expression or a name; empty where the database says none. */
  readonly license: string;
  /** Whom it is from; empty where nobody says. */
  readonly supplier: string;
  /** The database that lists it: a path of the tree. */
  readonly source: string;
}

const DATABASE_LIMIT = 128 << 20;
const MANIFEST_LIMIT = 4 << 20;
/** Directories that deep are nobody's packages. */
const DEPTH_LIMIT = 64;

/** Everything that dpkg, apk, npm and pip have noted in a tree. */
export async function installedPackages(
  root: RootReader,
  signal: AbortSignal,
): Promise<InstalledPackage[]> {
  const distribution = readDistribution(root);
  return [
    ...debianPackages(root, distribution),
    ...alpinePackages(root, distribution),
    ...(await languagePackages(root, signal)),
  ];
}

interface Distribution {
  readonly id: string;
  readonly version: string;
}

/** os-release(5). */
function readDistribution(root: RootReader): Distribution {
  const text =
    root.read("etc/os-release", MANIFEST_LIMIT) ??
    root.read("usr/lib/os-release", MANIFEST_LIMIT) ??
    "";
  const value = (name: string): string =>
    new RegExp(`^${name}=["']?([^"'\\n]*)`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID"), version: value("VERSION_ID") };
}

/** `Name: value` paragraphs; lines that go on are left out. */
function* paragraphs(text: string): Generator<Map<string, string>> {
  for (const paragraph of text.split(/\n\n+/)) {
    const fields = new Map<string, string>();
    for (const line of paragraph.split("\n")) {
      const at = line.indexOf(":");
      if (at > 0 && !/^\s/.test(line)) fields.set(line.slice(0, at), line.slice(at + 1).trim());
    }
    if (fields.size > 0) yield fields;
  }
}

/** dpkg's status(5), and the files that images without dpkg have one of for each package. */
function* debianPackages(
  root: RootReader,
  { id, version: release }: Distribution,
): Generator<InstalledPackage> {
  const single = root.list("var/lib/dpkg/status.d").map(({ name }) => `status.d/${name}`);
  for (const file of ["status", ...single.filter((name) => !name.endsWith(".md5sums"))]) {
    const source = `var/lib/dpkg/${file}`;
    for (const fields of paragraphs(root.read(source, DATABASE_LIMIT) ?? "")) {
      const [name, version] = [fields.get("Package"), fields.get("Version")];
      const status = fields.get("Status") ?? "installed";
      if (name === undefined || version === undefined || !/\binstalled$/.test(status)) continue;
      const namespace = id || "debian";
      const purl = packageUrl("deb", [namespace, name], version, {
        arch: fields.get("Architecture") ?? "",
        distro: release === "" ? "" : `${namespace}-${release}`,
      });
      const supplier = fields.get("Maintainer") ?? "";
      yield { name, version, purl, license: "", supplier, source };
    }
  }
}

/** apk's installed database: one-letter fields. */
function* alpinePackages(
  root: RootReader,
  { id, version: release }: Distribution,
): Generator<InstalledPackage> {
  for (const source of ["lib/apk/db/installed", "usr/lib/apk/db/installed"]) {
    for (const fields of paragraphs(root.read(source, DATABASE_LIMIT) ?? "")) {
      const [name, version] = [fields.get("P"), fields.get("V")];
      if (name === undefined || version === undefined) continue;
      const namespace = id || "alpine";
      const purl = packageUrl("apk", [namespace, name], version, {
        arch: fields.get("A") ?? "",
        distro: release === "" ? "" : `${namespace}-${release}`,
      });
      yield {
        name,
        version,
        purl,
        license: fields.get("L") ?? "",
        supplier: fields.get("m") ?? "",
        source,
      };
    }
  }
}

const NOT_SEARCHED = new Set(["dev", "proc", "sys"]);

/** What npm and pip have put anywhere, found by the files that each of their packages has. */
async function languagePackages(
  root: RootReader,
  signal: AbortSignal,
): Promise<InstalledPackage[]> {
  const found: InstalledPackage[] = [];
  const waiting: { path: string; depth: number }[] = [{ path: "", depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, depth } = next;
    signal.throwIfAborted();
    await letOthersWork();
    for (const { name, isDirectory } of root.list(path)) {
      const child = path === "" ? name : `${path}/${name}`;
      if (isDirectory && depth < DEPTH_LIMIT && !(depth === 0 && NOT_SEARCHED.has(name))) {
        waiting.push({ path: child, depth: depth + 1 });
      }
      const made = isDirectory
        ? pythonPackage(root, child)
        : name === "package.json" && /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path)
          ? npmPackage(root, child)
          : undefined;
      if (made !== undefined) found.push(made);
    }
  }
  return found.sort((a, b) => (a.purl < b.purl ? -1 : a.purl > b.purl ? 1 : 0));
}

function npmPackage(root: RootReader, source: string): InstalledPackage | undefined {
  let manifest: Record<string, unknown>;
  try {
    manifest = JSON.parse(root.read(source, MANIFEST_LIMIT) ?? "null") ?? {};
  } catch {
    // A package's test data may be anything.
    return undefined;
  }
  const { name, version, license } = manifest;
  if (typeof name !== "string" || typeof version !== "string") return undefined;
  const purl = packageUrl("npm", name.split("/"), version);
  const said = typeof license === "string" ? license : "";
  return { name, version, purl, license: said, supplier: "", source };
}

/** The Python packaging specification, "Recording installed projects". */
function pythonPackage(root: RootReader, directory: string): InstalledPackage | undefined {
  const file = directory.endsWith(".dist-info")
    ? "METADATA"
    : directory.endsWith(".egg-info")
      ? "PKG-INFO"
      : undefined;
  if (file === undefined) return undefined;
  const source = `${directory}/${file}`;
  const head = (root.read(source, MANIFEST_LIMIT) ?? "").split(/\n\n/, 1)[0] ?? "";
  const field = (name: string): string =>
    new RegExp(`^${name}: *(.+)$`, "m").exec(head)?.[1]?.trim() ?? "";
  const [name, version] = [field("Name"), field("Version")];
  if (name === "" || version === "") return undefined;
  const normal = name.toLowerCase().replace(/[-_.]+/g, "-");
  return {
    name,
    version,
    purl: packageUrl("pypi", [normal], version),
    license: field("License-Expression"),
    supplier: field("Author-email") || field("Author"),
    source,
  };
}
