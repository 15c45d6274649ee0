import { fstatSync } from "node:fs";

const MEMORY_DEVICES = 1;

/**
 * Whether a descriptor is a terminal. A look at the device number: node:tty takes 8 ms to load, longer
 * than `berth ps` takes in all. Character devices that are no terminals are those of memory
 * (/dev/null, /dev/zero, /dev/random), all of major number 1.
 */
export function isTerminal(fd: number): boolean {
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() && ((status.rdev >> 8) & 0xfff) !== MEMORY_DEVICES;
  } catch {
    return false;
  }
}
