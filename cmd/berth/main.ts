/**
 * The composition root: one binary that is the command line, the daemon and its small processes. Every
 * branch is imported when it is taken, so that `berth ps` loads nothing of the daemon.
 */
const [word, ...rest] = process.argv.slice(2);

switch (word) {
  case "unpack": {
    const { runUnpack } = await import("../../src/archive/unpack/unpack-child.ts");
    await runUnpack(rest[0] ?? "{}");
    break;
  }
  case "pack": {
    const { runPack } = await import("../../src/archive/pack/pack-child.ts");
    runPack(rest[0] ?? "{}");
    break;
  }
  case "transfer": {
    const { runTransfer } = await import("../../src/archive/copy/transfer-child.ts");
    runTransfer(rest[0] ?? "{}");
    break;
  }
  case "copy-tree": {
    const { runCopyTree } = await import("../../src/archive/copy/copy-tree-child.ts");
    runCopyTree(rest[0] ?? "{}");
    break;
  }
  case "mount-volume": {
    const { runMountVolume } = await import("../../src/store/local/volume-mounts.ts");
    runMountVolume(rest[0] ?? "{}");
    break;
  }
  case "daemon": {
    const { runDaemon } = await import("./daemon.ts");
    await runDaemon(rest);
    break;
  }
  case "supervisor": {
    const { runSupervisor } = await import("../../src/supervisor/run-supervisor.ts");
    await runSupervisor({ execRoot: execRootOf(rest) });
    break;
  }
  case "port-relay": {
    const { portRelayMain } = await import("../../src/network/relay/port-relay.ts");
    await portRelayMain(rest);
    break;
  }
  case "registry": {
    const { runRegistry } = await import("./registry.ts");
    await runRegistry(rest);
    break;
  }
  default: {
    const { runCommandLine } = await import("./command-line.ts");
    await runCommandLine(process.argv.slice(2));
  }
}

/** The supervisor is started by the daemon and takes `--exec-root DIR` alone. */
function execRootOf(words: readonly string[]): string {
  const [flag, directory] = words;
  if (flag !== "--exec-root" || directory === undefined) {
    process.stderr.write("expected --exec-root DIR\n");
    process.exit(2);
  }
  return directory;
}

export {};
