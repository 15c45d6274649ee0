import { join, posix } from "node:path";
import { EngineError, invalidArgument } from "../../spec/index.ts";
import { UrlFetcher } from "../contexts/fetch-url.ts";
import { GitCheckout, parseGitUrl } from "../contexts/git-source.ts";
import type { AddInstruction } from "../dockerfile/index.ts";
import { DiskTree } from "../files/disk-tree.ts";
import { ManifestTree } from "../files/manifest-tree.ts";
import { selectFiles } from "../files/select-files.ts";
import { resolveInTree } from "../files/source-tree.ts";
import type { VertexProgress } from "../solver/build-events.ts";
import type { BuildJob } from "../solver/build-job.ts";
import { type FileGroup, fileGroup } from "./copy-step.ts";

export const isRemote = (source: string): boolean => /^https?:\/\//.test(source) || isGit(source);
const isGit = (source: string): boolean => parseGitUrl(source) !== undefined;

/** What an `ADD` takes from elsewhere: a file behind an address, or a git repository. */
export async function remoteGroup(
  job: BuildJob,
  add: AddInstruction,
  source: string,
  vertex: VertexProgress,
): Promise<FileGroup> {
  return isGit(source)
    ? await gitGroup(job, add, source)
    : await urlGroup(job, add, source, vertex);
}

async function urlGroup(
  job: BuildJob,
  add: AddInstruction,
  url: string,
  vertex: VertexProgress,
): Promise<FileGroup> {
  const { files, environment } = job.services;
  if (add.checksum !== undefined && !/^sha256:[0-9a-f]{64}$/.test(add.checksum)) {
    throw invalidArgument(`unsupported digest algorithm or invalid checksum "${add.checksum}"`);
  }
  const fetcher = new UrlFetcher(files, environment.store.records.collection("build-urls"));
  const file = await fetcher.fetch(url, {
    ...(add.checksum === undefined ? {} : { checksum: add.checksum }),
    onProgress: (current, total) =>
      vertex.progress({
        item: url,
        status: "Downloading",
        current,
        ...(total === undefined ? {} : { total }),
      }),
    signal: job.signal,
  });
  job.noteMaterial(url, { sha256: file.sha256 });
  const { destination } = add;
  const name =
    file.name === "" && !destination.endsWith("/") ? posix.basename(destination) : file.name;
  if (name === "") {
    throw invalidArgument(
      `cannot determine filename for source ${url}: give a destination that is a file's name`,
    );
  }
  const entry = {
    path: name,
    type: "file",
    mode: 0o600,
    size: file.size,
    mtime: file.mtime,
    sha256: file.sha256,
  } as const;
  const tree = new ManifestTree([entry], (digest) => files.path(digest));
  const pattern = name.replace(/[\\*?[]/g, "\\$&");
  return fileGroup(tree, () => selectFiles(tree, pattern, { exclude: [], parents: false }));
}

async function gitGroup(job: BuildJob, add: AddInstruction, source: string): Promise<FileGroup> {
  const reference = parseGitUrl(source);
  if (reference === undefined) throw new EngineError("internal", "no git repository");
  const tree = await gitTree(job, reference, add.keepGitDir === true, add.checksum);
  return fileGroup(tree, () => selectFiles(tree, "/", { exclude: add.exclude, parents: false }));
}

/** The files of a commit; fetched once for a build. */
export async function gitTree(
  job: Pick<BuildJob, "services" | "signal" | "held"> & Partial<Pick<BuildJob, "noteMaterial">>,
  reference: NonNullable<ReturnType<typeof parseGitUrl>>,
  keepGitDirectory: boolean,
  checksum?: string,
): Promise<DiskTree> {
  const { builds } = job.services.environment.store;
  const place = join(builds.directory("checkouts"), crypto.randomUUID());
  const checkout = new GitCheckout(place, job.signal);
  job.held.defer(() => builds.discard(place));
  const commit = await checkout.resolve(reference);
  if (checksum !== undefined && !commit.startsWith(checksum)) {
    throw invalidArgument(`expected checksum to match ${checksum}, got ${commit}`);
  }
  const named = reference.ref === "" ? "" : `#${reference.ref}`;
  job.noteMaterial?.(`${reference.remote}${named}`, {
    [commit.length === 40 ? "sha1" : "sha256"]: commit,
  });
  const directory = await checkout.checkOut(reference, commit, keepGitDirectory);
  // A link of the repository must not lead out of it.
  const whole = new DiskTree(place, { image: false });
  const inside = resolveInTree(whole, directory);
  if (inside === undefined || whole.stat(inside)?.type !== "directory") {
    throw invalidArgument(`subdirectory "${reference.directory}" is not in ${reference.remote}`);
  }
  return new DiskTree(join(place, inside), { image: false });
}
