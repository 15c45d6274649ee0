import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { MountFlag, mountTmpfs, unmount } from "../../linux/mount.ts";

/** A directory in memory for one step: its bundle, secrets and scripts never reach a disk. */
export class StepDirectory implements AsyncDisposable {
  readonly id: string;
  readonly path: string;

  constructor(parent: string, id: string) {
    this.id = id;
    this.path = join(parent, id);
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    mountTmpfs(this.path, "mode=0711,size=64m", MountFlag.noSuid | MountFlag.noDevices);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    unmount(this.path, { detach: true });
    rmdirSync(this.path);
  }
}
