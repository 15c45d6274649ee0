/**
 * The composition root: one binary that is the command line, the daemon and its small processes. Every
 * branch is imported when it is taken, so that `berth ps` loads nothing of the daemon.
 */
const [command, argument = "{}"] = process.argv.slice(2);
if (command === "unpack") {
  await (await import("../../src/archive/unpack/unpack-child.ts")).runUnpack(argument);
} else if (command === "pack") {
  (await import("../../src/archive/pack/pack-child.ts")).runPack(argument);
} else console.log("berth");

export {};
