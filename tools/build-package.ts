/**
 * Builds `dist/npm`, the package `berth` for programs: `berth/client` and `berth/testing`, for Node from 20 on and for
 * Bun, with types. Put beside `dist/berth` or installed with `npm install ./dist/npm`.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $, Glob } from "bun";

const root = join(import.meta.dir, "..");
const output = join(root, "dist/npm");
const ENTRIES = ["client", "testing"];

async function bundle(): Promise<void> {
  const built = await Bun.build({
    entrypoints: ENTRIES.map((name) => join(root, "src", name, "index.ts")),
    root: join(root, "src"),
    outdir: output,
    target: "node",
    format: "esm",
    splitting: true,
  });
  if (!built.success) throw new AggregateError(built.logs, "Cannot build the package");
}

/** Declarations name each other as what Node and TypeScript resolve from there. */
async function declare(): Promise<void> {
  const files = ENTRIES.map((name) => `src/${name}/index.ts`);
  const flags = ["--ignoreConfig", "--declaration", "--emitDeclarationOnly", "--skipLibCheck"];
  const language = ["--target", "esnext", "--module", "preserve", "--lib", "esnext"];
  const style = [
    "--allowImportingTsExtensions",
    "--strict",
    "--exactOptionalPropertyTypes",
    "--types",
    "bun",
  ];
  const places = ["--rootDir", "src", "--outDir", output];
  await $`npx tsc ${flags} ${language} ${style} ${places} ${files}`.cwd(root).quiet();
  for await (const file of new Glob("**/*.d.ts").scan({ cwd: output, absolute: true })) {
    const text = await Bun.file(file).text();
    await writeFile(file, text.replace(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

async function describe(): Promise<void> {
  const { version, description, license } = await Bun.file(join(root, "package.json")).json();
  const entry = (name: string) => ({
    types: `./${name}/index.d.ts`,
    default: `./${name}/index.js`,
  });
  const manifest = {
    name: "berth",
    version,
    description,
    license,
    type: "module",
    engines: { node: ">=20" },
    exports: Object.fromEntries(ENTRIES.map((name) => [`./${name}`, entry(name)])),
  };
  await writeFile(join(output, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
await Promise.all([bundle(), declare()]);
await describe();
console.log(`built ${output}`);
