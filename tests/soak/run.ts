/**
 * What takes too long for every run of the tests: `npm run soak`. The same files, with many more rounds of
 * killing processes at random moments; prints what `npm test` prints.
 */
import { join } from "node:path";

const ROUNDS = {
  BERTH_CRASH_ROUNDS: "200",
  BERTH_PULL_KILLS: "100",
  BERTH_IMAGE_KILLS: "25",
  BERTH_NETWORK_KILLS: "100",
  BERTH_FUZZ_ROUNDS: "2000",
  BERTH_FUZZ_CONNECTIONS: "10000",
};
const FILES = [
  "src/store/crash",
  "e2e/images/resume",
  "e2e/images/kill",
  "e2e/network/kill",
  "e2e/survival",
  "e2e/errors/api-fuzz",
];
const HOURS = 2;

const runner = join(import.meta.dir, "../run.ts");
const child = Bun.spawn([process.execPath, runner, ...FILES], {
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, ...ROUNDS, BERTH_TEST_SECONDS: String(HOURS * 3600) },
});
process.exit(await child.exited);
