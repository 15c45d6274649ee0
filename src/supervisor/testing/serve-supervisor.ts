import { runSupervisor } from "../run-supervisor.ts";

/** The supervisor as a process of its own, for tests: `bun serve-supervisor.ts EXEC_ROOT`. */
await runSupervisor({ execRoot: process.argv[2] ?? "", idleGrace: 500 });
