/**
 * Builds `dist/berth`: one file that needs neither Bun nor Node nor node_modules to run. Splitting keeps
 * each lazily imported command in a chunk of its own and bytecode spares parsing, so that a command
 * starts in about the time of an empty program.
 */
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { $, Glob } from "bun";

const root = join(import.meta.dir, "..");
const output = join(root, "dist/berth");

/** Files that start as a Worker: they are entry points of their own inside of the binary. */
async function workers(): Promise<string[]> {
  const files = await Array.fromAsync(new Glob("src/**/*.worker.ts").scan({ cwd: root }));
  return files.sort();
}

await mkdir(join(root, "dist"), { recursive: true });
const temporary = `${output}.${process.pid}`;
const version = (await Bun.file(join(root, "package.json")).json()).version as string;
const commit = (await $`git -C ${root} rev-parse --short HEAD`.nothrow().quiet().text()).trim();
const defines = [
  `BERTH_VERSION=${JSON.stringify(version)}`,
  `BERTH_COMMIT=${JSON.stringify(commit)}`,
  `BERTH_BUILD_TIME=${JSON.stringify(new Date().toISOString())}`,
].flatMap((define) => ["--define", define]);
const flags = ["--compile", "--minify", "--bytecode", "--splitting", "--format=esm"];
// The directory that `berth` is called in is not its own: a `.env` or `bunfig.toml` there is nobody's order.
flags.push("--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig");
await $`${process.execPath} build ${flags} ${defines} cmd/berth/main.ts ${await workers()} --outfile ${temporary}`
  .cwd(root)
  .quiet();
// A running daemon keeps its old file; the new one takes the name in one step.
await rename(temporary, output);
console.log(`built ${output}`);
