import { unpackTar } from "../../archive/index.ts";
import { close } from "../../linux/file.ts";
import { openRoot } from "../../linux/in-root.ts";
import { sha256 } from "../../spec/index.ts";
import type { Tree, Workspace } from "../../store/index.ts";
import type { AddInstruction } from "../dockerfile/index.ts";
import { isArchive, readArchive } from "../files/local-archive.ts";
import type { SelectedSource } from "../files/select-files.ts";
import { enterDirectory } from "../files/write-files.ts";
import type { BuildJob } from "../solver/build-job.ts";
import {
  copyGroups,
  type FileGroup,
  type FilesPlan,
  fileGroup,
  planFiles,
  resolveOwner,
} from "./copy-step.ts";
import { fromWorkingDirectory, type StageState } from "./stage-state.ts";

/** Archives that are unpacked, and everything else, which is copied. */
interface Partition {
  readonly archives: readonly string[];
  readonly files: readonly FileGroup[];
}

/**
 * `ADD`: like `COPY`, but local archives (and remote ones with `--unpack`) are unpacked where a file would
 * have been put. `unpacks` says for each group whether it is.
 */
export async function planAdd(
  job: BuildJob,
  state: StageState,
  add: AddInstruction,
  groups: readonly { readonly group: FileGroup; readonly unpacks: boolean }[],
): Promise<FilesPlan> {
  const all = groups.map(({ group }) => group);
  const plan = await planFiles(job, state, add, all);
  const { archives, files } = await partition(groups);
  if (archives.length === 0) return plan;
  const operation = sha256(`${plan.operation} unpack ${archives.length}`);
  const execute = async (): Promise<Tree> => {
    using workspace = job.services.environment.store.builds.begin(state.tree);
    await copyGroups(job, state, add, files, workspace);
    await unpackAll(job, state, add, archives, workspace);
    return await workspace.commit();
  };
  return { parts: plan.parts, operation, execute };
}

async function partition(
  groups: readonly { readonly group: FileGroup; readonly unpacks: boolean }[],
): Promise<Partition> {
  const archives: string[] = [];
  const files: FileGroup[] = [];
  for (const { group, unpacks } of groups) {
    const kept: SelectedSource[] = [];
    for (const selected of await group.select()) {
      const [item] = selected.items;
      const single = selected.items.length === 1 && item?.entry.type === "file" ? item : undefined;
      const location = single === undefined ? undefined : group.tree.location(single.from);
      if (unpacks && location !== undefined && (await isArchive(location))) archives.push(location);
      else kept.push(selected);
    }
    if (kept.length > 0) files.push(fileGroup(group.tree, async () => kept));
  }
  return { archives, files };
}

async function unpackAll(
  job: BuildJob,
  state: StageState,
  add: AddInstruction,
  archives: readonly string[],
  workspace: Workspace,
): Promise<void> {
  const path = fromWorkingDirectory(state.config, add.destination);
  const owner = add.chown === undefined ? undefined : resolveOwner(workspace.rootfs, add.chown);
  const root = openRoot(workspace.rootfs);
  try {
    close(enterDirectory(root, path, owner ?? { uid: 0, gid: 0 }));
  } finally {
    close(root);
  }
  for (const archive of archives) {
    await unpackTar(readArchive(archive), workspace.rootfs, {
      mode: "plain",
      path,
      signal: job.signal,
      ...(owner === undefined ? {} : { owner }),
    });
  }
}
