import {
  Capability,
  changeRoot,
  clearUmask,
  keepCapabilities,
  unshareMountNamespace,
} from "../linux/confinement.ts";
import { close } from "../linux/file.ts";
import { bindInRoot, openRoot } from "../linux/in-root.ts";
import { setPropagation } from "../linux/mount.ts";
import { mountOverlay } from "../linux/overlay.ts";
import type { TreeMount } from "./tree-options.ts";

/** An own mount namespace for this thread, with `mounts` in the tree at `root`. */
export function mountIntoTree(root: string, mounts: readonly TreeMount[]): void {
  unshareMountNamespace();
  // What the host unmounts meanwhile goes here too; nothing comes back.
  setPropagation("/", "slave", true);
  const directory = openRoot(root);
  for (const { source, target, layers = [], ...options } of mounts) {
    // In this namespace the union takes the place of its topmost tree.
    if (layers.length > 1) mountOverlay({ target: source, lower: layers });
    bindInRoot(directory, source, target, options);
  }
  close(directory);
}

/**
 * Locks this thread into a tree, for good: an own mount namespace with `mounts` in it, `root` as the root,
 * and only those capabilities that writing (or reading) owners, devices and attributes needs. Everything
 * that the process imports is loaded before; afterwards only synchronous file calls are inside.
 */
export function enterRoot(root: string, mounts: readonly TreeMount[]): void {
  mountIntoTree(root, mounts);
  changeRoot(root);
  clearUmask();
  keepCapabilities(NEEDED);
}

const NEEDED = [
  Capability.chown,
  Capability.dacOverride,
  Capability.dacReadSearch,
  Capability.fowner,
  Capability.fsetid,
  Capability.mknod,
  Capability.setfcap,
  // Attributes of the name space `trusted.` (xattr(7)), overlay's among them.
  Capability.sysAdmin,
];
