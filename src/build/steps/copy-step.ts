import { constants } from "node:fs";
import { dirname } from "node:path/posix";
import { close, openInRoot } from "../../linux/file.ts";
import { openRoot } from "../../linux/in-root.ts";
import { resolveContainerUser } from "../../runtime/index.ts";
import { invalidArgument, sha256 } from "../../spec/index.ts";
import type { Tree, Workspace } from "../../store/index.ts";
import type { KeyParts } from "../cache/step-cache.ts";
import {
  type AddInstruction,
  type CopyInstruction,
  type ModeChange,
  parseModeChange,
} from "../dockerfile/index.ts";
import { contentDigest } from "../files/content-digest.ts";
import { hasWildcards, type SelectedSource, selectFiles } from "../files/select-files.ts";
import { joinPath, type SourceTree } from "../files/source-tree.ts";
import { enterDirectory, type Owner, writeFiles } from "../files/write-files.ts";
import type { BuildJob } from "../solver/build-job.ts";
import { fromWorkingDirectory, type StageState } from "./stage-state.ts";

/** One tree and what of it is copied. */
export interface FileGroup {
  readonly tree: SourceTree;
  /** Owners of the source stay, unless `--chown` says otherwise. */
  readonly keepsOwners: boolean;
  /** Names a tree and selection that never change: their digest is computed once for all builds. */
  readonly identity?: string;
  /** The same at each call. */
  select(): Promise<readonly SelectedSource[]>;
}

/** A selection that is made when it is asked for. */
export function fileGroup(
  tree: SourceTree,
  select: () => Promise<readonly SelectedSource[]>,
  options: { keepsOwners?: boolean; identity?: string } = {},
): FileGroup {
  let selected: Promise<readonly SelectedSource[]> | undefined;
  return {
    tree,
    keepsOwners: options.keepsOwners === true,
    ...(options.identity === undefined ? {} : { identity: options.identity }),
    select: () => {
      selected ??= select();
      return selected;
    },
  };
}

export interface FilesPlan {
  readonly parts: KeyParts;
  readonly operation: ReturnType<typeof sha256>;
  execute(): Promise<Tree>;
}

type FilesInstruction = CopyInstruction | AddInstruction;

/** What the sources of an instruction stand for; `invalid-argument` for one that is not there. */
export async function selectSources(
  tree: SourceTree,
  instruction: FilesInstruction,
  sources: readonly string[],
  missing: (source: string) => Error,
): Promise<SelectedSource[]> {
  const parents = instruction.kind === "COPY" && instruction.parents;
  const options = { exclude: instruction.exclude, parents };
  const selected: SelectedSource[] = [];
  for (const source of sources) {
    const found = await selectFiles(tree, source, options);
    if (found.length === 0 && !hasWildcards(source)) throw missing(source);
    selected.push(...found);
  }
  return selected;
}

/** Key and work of a step that puts groups of files into the tree. */
export async function planFiles(
  job: BuildJob,
  state: StageState,
  instruction: FilesInstruction,
  groups: readonly FileGroup[],
): Promise<FilesPlan> {
  const mode = instruction.chmod === undefined ? undefined : parseModeChange(instruction.chmod);
  const parts: Record<string, string> = {
    "the destination": fromWorkingDirectory(state.config, instruction.destination),
    "the owner": instruction.chown ?? "",
    "the way of copying": JSON.stringify([instruction.kind, instruction.link]),
  };
  const fixed = Object.values(parts);
  const digests: string[] = [];
  let count = 0;
  for (const [index, group] of groups.entries()) {
    const digested = await digestGroup(job, instruction, group, mode);
    digests.push(digested.digest);
    count += digested.count;
    if (digested.lines === undefined) parts[`what is copied (${index + 1})`] = digested.digest;
    else for (const [source, lines] of digested.lines) noteFiles(parts, source, lines);
  }
  checkDestination(instruction, count);
  const operation = sha256(JSON.stringify(["files", fixed, digests]));
  return { parts, operation, execute: () => executeFiles(job, state, instruction, groups) };
}

interface DigestedGroup {
  readonly digest: string;
  /** Of sources. */
  readonly count: number;
  /** By source, where the files are of a context. */
  readonly lines?: readonly (readonly [source: string, lines: readonly string[]])[];
}

async function digestGroup(
  job: BuildJob,
  instruction: FilesInstruction,
  group: FileGroup,
  mode: ModeChange | undefined,
): Promise<DigestedGroup> {
  const { cache } = job.services;
  const what = JSON.stringify([group.identity, instruction.chmod, instruction.chown === undefined]);
  const known = group.identity === undefined ? undefined : cache.knownDigest(what);
  if (known !== undefined) {
    return { digest: known, count: Number(known.slice(known.indexOf("#") + 1)) };
  }
  const owners = group.keepsOwners && instruction.chown === undefined;
  const options = { owners, ...(mode === undefined ? {} : { mode }) };
  const digests: string[] = [];
  const lines: [string, readonly string[]][] = [];
  const selected = await group.select();
  for (const each of selected) {
    const content = await contentDigest(group.tree, each.items, options);
    digests.push(JSON.stringify([each.isDirectory, content.digest]));
    // Lines name what comes of a source: a file itself, or what a directory holds.
    lines.push([each.isDirectory ? each.source : dirname(each.source), content.lines]);
  }
  const digest = `${sha256(digests.join("\n"))}#${selected.length}`;
  if (group.identity === undefined) return { digest, count: selected.length, lines };
  cache.putDigest(what, digest);
  return { digest, count: selected.length };
}

/** More files than this are not named when one of them has changed. */
const NAMED_FILES = 2000;

function noteFiles(parts: Record<string, string>, source: string, lines: readonly string[]): void {
  if (lines.length > NAMED_FILES) {
    parts[`what ${source} holds`] = sha256(lines.join("\n"));
    return;
  }
  for (const line of lines) {
    const [to = ""] = line.split("\0", 1);
    parts[`the file ${joinPath(source === "." ? "" : source, to)}`] = sha256(line).slice(7, 23);
  }
}

const namesDirectory = (destination: string): boolean => /(?:^|\/)\.?$/.test(destination);

function checkDestination(instruction: FilesInstruction, count: number): void {
  const { sources, files, destination, kind } = instruction;
  if (count === 0) throw invalidArgument(`${kind} failed: no source files were specified`);
  const written = sources.length + files.length;
  if (Math.max(written, count) > 1 && !namesDirectory(destination)) {
    throw invalidArgument(
      `When using ${kind} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
}

async function executeFiles(
  job: BuildJob,
  state: StageState,
  instruction: FilesInstruction,
  groups: readonly FileGroup[],
): Promise<Tree> {
  using workspace = job.services.environment.store.builds.begin(state.tree);
  await copyGroups(job, state, instruction, groups, workspace);
  return await workspace.commit();
}

/** Puts groups of files into a workspace. */
export async function copyGroups(
  job: BuildJob,
  state: StageState,
  instruction: FilesInstruction,
  groups: readonly FileGroup[],
  workspace: Workspace,
): Promise<void> {
  const mode = instruction.chmod === undefined ? undefined : parseModeChange(instruction.chmod);
  const root = openRoot(workspace.rootfs);
  try {
    const chown = instruction.chown;
    const owner = chown === undefined ? undefined : resolveOwner(workspace.rootfs, chown);
    for (const group of groups) {
      const kept = group.keepsOwners && owner === undefined;
      const options = {
        signal: job.signal,
        ...(kept ? {} : { owner: owner ?? { uid: 0, gid: 0 } }),
        ...(mode === undefined ? {} : { mode }),
      };
      for (const each of await group.select()) {
        const place = placeFor(root, state, instruction, each);
        // Directories above one that is copied are nobody's but root's, as Docker has it.
        if (each.isDirectory) ensureAbove(root, place.directory);
        const items =
          place.name === undefined
            ? each.items
            : each.items.map((item) => ({ ...item, to: place.name ?? "" }));
        await writeFiles(root, place.directory, group.tree, items, options);
      }
    }
  } finally {
    close(root);
  }
}

function ensureAbove(root: number, directory: string): void {
  const above = directory.slice(0, Math.max(0, directory.lastIndexOf("/")));
  close(enterDirectory(root, above, { uid: 0, gid: 0 }));
}

/** `user[:group]` of the tree's own passwd and group files. */
export function resolveOwner(rootfs: string, text: string): Owner {
  const [user = "", group] = text.split(":");
  const { uid, gid } = resolveContainerUser(rootfs, text);
  // A user without a group has the group of the same number, as Docker has it.
  const sameNumber = group === undefined && /^\d+$/.test(user);
  return { uid, gid: sameNumber ? uid : gid };
}

/** The directory that a source goes to, and the name that it gets there where it is one file. */
function placeFor(
  root: number,
  state: StageState,
  instruction: FilesInstruction,
  { isDirectory }: SelectedSource,
): { directory: string; name?: string } {
  const { destination } = instruction;
  const path = fromWorkingDirectory(state.config, destination).replace(/\/\.?$/, "");
  const directory = path.replace(/^\/+/, "");
  const parents = instruction.kind === "COPY" && instruction.parents;
  if (isDirectory || parents || namesDirectory(destination) || isDirectoryInRoot(root, directory)) {
    return { directory };
  }
  const slash = directory.lastIndexOf("/");
  return { directory: directory.slice(0, Math.max(0, slash)), name: directory.slice(slash + 1) };
}

export function isDirectoryInRoot(root: number, path: string): boolean {
  const O_PATH = 0o10000000;
  try {
    close(openInRoot(root, path === "" ? "." : path, O_PATH | constants.O_DIRECTORY));
    return true;
  } catch {
    // Whatever else is there, or is not, shows when it is written to.
    return false;
  }
}
