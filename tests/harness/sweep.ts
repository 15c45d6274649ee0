import { readdir, readFile, rm } from "node:fs/promises";
import { $ } from "bun";

/** Every test root's name begins so, and every test bridge's with `bt`. */
export const TEST_ROOT_PREFIX = "/tmp/be2e-";

/** Removes what an earlier run that was cut short has left on the host. */
export async function sweepLeftovers(): Promise<void> {
  await endProcesses();
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const points = mounts.split("\n").map((line) => line.split(" ")[4] ?? "");
  for (const point of points.filter((path) => path.startsWith(TEST_ROOT_PREFIX)).reverse()) {
    await $`umount -l ${point}`.quiet().nothrow();
  }
  for (const link of await readdir("/sys/class/net")) {
    if (/^bt\d/.test(link)) await $`ip link delete ${link}`.quiet().nothrow();
  }
  const tables = await $`nft list tables`.quiet().nothrow().text();
  for (const [, family = "", table = ""] of tables.matchAll(/table (\w+) (berth-[\w-]+)/g)) {
    await $`nft delete table ${family} ${table}`.quiet().nothrow();
  }
  for (const name of await readdir("/tmp")) {
    if (`/tmp/${name}`.startsWith(TEST_ROOT_PREFIX)) {
      await rm(`/tmp/${name}`, { recursive: true, force: true });
    }
  }
}

async function endProcesses(): Promise<void> {
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes(TEST_ROOT_PREFIX)) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  }
}
