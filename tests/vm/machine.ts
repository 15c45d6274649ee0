import { existsSync, renameSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { BERTH } from "../harness/daemon.ts";

const checkout = join(import.meta.dir, "../..");
const cache = join(checkout, ".tmp/vm");

/** Debian's kernel for virtual machines: a package of that name depends on the newest. */
const KERNEL_PACKAGE = "linux-image-cloud-amd64";

/** Programs of this host that the guest gets, with the libraries that they are linked with. */
const PROGRAMS = ["bash", "busybox", "crun", "runc", "nft", "ip", "mkfs.ext4", "mkfs.xfs"];
/** Libraries that are opened by name. */
const LIBRARIES = ["libnftables.so.1", "libseccomp.so.2"];

/** Why no virtual machine can run here, or undefined. */
export async function machineIsMissing(): Promise<string | undefined> {
  if (process.arch !== "x64") return `there is no guest kernel for ${process.arch}`;
  for (const program of ["qemu-system-x86_64", "cpio", "apt-get", "dpkg-deb"]) {
    if (Bun.which(program) === null) return `${program} is not installed`;
  }
  if ((await $`apt-cache show ${KERNEL_PACKAGE}`.quiet().nothrow()).exitCode === 0)
    return undefined;
  return `this distribution has no package ${KERNEL_PACKAGE}`;
}

interface Kernel {
  /** Compressed image that qemu boots. */
  image: string;
  /** `/lib/modules/<release>`, with the indexes that modprobe needs. */
  modules: string;
}

/** Fetches and unpacks the kernel once; it is not installed. */
async function fetchKernel(): Promise<Kernel> {
  const folder = join(cache, "kernel");
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    await mkdir(partial, { recursive: true });
    const depends = await $`apt-cache depends ${KERNEL_PACKAGE}`.text();
    const [, name = KERNEL_PACKAGE] = /Depends: (linux-image-\S+)/.exec(depends) ?? [];
    await $`apt-get download ${name}`.cwd(partial).quiet();
    await $`sh -c 'dpkg-deb -x *.deb . && rm *.deb'`.cwd(partial).quiet();
    const [release = ""] = await readdir(join(partial, "lib/modules"));
    await $`busybox depmod -b ${partial} ${release}`.quiet();
    renameSync(partial, folder);
  }
  const [release = ""] = await readdir(join(folder, "lib/modules"));
  return {
    image: join(folder, `boot/vmlinuz-${release}`),
    modules: join(folder, "lib/modules", release),
  };
}

/** Shared objects that the dynamic linker loads for a file; none for a static one. */
async function linkedWith(file: string): Promise<string[]> {
  const listing = await $`ldd ${file}`.nothrow().quiet().text();
  return [...listing.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}

async function libraryPath(name: string): Promise<string> {
  const listing = await $`${Bun.which("ldconfig") ?? "/sbin/ldconfig"} -p`.text();
  const line = listing.split("\n").find((one) => one.trim().startsWith(`${name} `));
  if (line === undefined) throw new Error(`Cannot find "${name}": the dynamic linker has none`);
  return line.split(" => ")[1] ?? "";
}

/** Packs the guest's first file system: this checkout's binary, what it needs, and the scripts of `guest/`. */
async function packGuest(kernel: Kernel, image: string): Promise<void> {
  const root = `${image}.root`;
  await rm(root, { recursive: true, force: true });
  for (const folder of [
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/lib64",
    "proc",
    "sys",
    "dev",
    "etc",
  ]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await $`ln -s usr/bin usr/sbin usr/lib usr/lib64 .`.cwd(root);
  const programs = PROGRAMS.map((name) => Bun.which(name) ?? `/usr/sbin/${name}`);
  const libraries = await Promise.all(LIBRARIES.map(libraryPath));
  const linked = (await Promise.all([BERTH, ...programs, ...libraries].map(linkedWith))).flat();
  const files = [...new Set([...programs, ...libraries, ...linked])];
  await $`cp -L --parents ${files} ${root}`;
  await $`cp ${BERTH} ${join(root, "usr/bin/berth")}`;
  const release = kernel.modules.split("/").at(-1) ?? "";
  await mkdir(join(root, "usr/lib/modules", release), { recursive: true });
  // Of the drivers, those that need no hardware are enough.
  const parts = ["kernel/net", "kernel/fs", "kernel/lib", "kernel/crypto", "kernel/arch"];
  const drivers = ["net/veth.ko", "net/dummy.ko", "net/macvlan.ko", "net/ipvlan", "block/brd.ko"];
  const present = [...parts, ...drivers.map((name) => `kernel/drivers/${name}`)].filter((part) =>
    existsSync(join(kernel.modules, part)),
  );
  const indexes = (await readdir(kernel.modules)).filter((name) => name.startsWith("modules."));
  const target = join(root, "usr/lib/modules", release);
  await $`cp -r --parents ${[...present, ...indexes]} ${target}`.cwd(kernel.modules);
  await $`cp ${join(checkout, "tools/require-host.sh")} ${join(import.meta.dir, "guest/init")} ${join(import.meta.dir, "guest/checks.sh")} ${root}`;
  await $`${join(checkout, "tools/busybox-image.sh")} > ${join(root, "busybox.tar")}`;
  // Unpacked by the emulated processor: compression costs more than it spares.
  await $`sh -c 'find . | cpio --quiet -o -H newc -R 0:0 > "$0"' ${image}`.cwd(root);
  await rm(root, { recursive: true });
}

export interface GuestResult {
  /** Check → "PASS", or what went wrong. */
  outcomes: Map<string, string>;
  /** All that the serial console said. */
  console: string;
}

/** Lines `CHECK PASS name` and `CHECK FAIL name: why` among those of kernel and daemon. */
export function parseOutcomes(console: string): Map<string, string> {
  const outcomes = new Map<string, string>();
  for (const line of console.split("\n")) {
    const [, verdict, name = "", why = ""] =
      /CHECK (PASS|FAIL) "([^"]+)"(?:: )?(.*)/.exec(line.trimEnd()) ?? [];
    if (verdict !== undefined) outcomes.set(name, verdict === "PASS" ? verdict : why);
  }
  return outcomes;
}

/** Boots a machine with cgroup v2 alone and waits until it switches itself off, at most `seconds`. */
export async function runGuest(seconds: number): Promise<GuestResult> {
  await mkdir(cache, { recursive: true });
  const kernel = await fetchKernel();
  const image = join(cache, `guest-${process.pid}.cpio`);
  try {
    await packGuest(kernel, image);
    const machine = ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048"];
    const boot = [
      "-kernel",
      kernel.image,
      "-initrd",
      image,
      "-append",
      "console=ttyS0 quiet panic=-1",
    ];
    const devices = ["-nographic", "-no-reboot", "-nic", "none"];
    const child = Bun.spawn(["qemu-system-x86_64", ...machine, ...boot, ...devices], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    const console = await new Response(child.stdout).text();
    clearTimeout(timer);
    await child.exited;
    return { outcomes: parseOutcomes(console), console };
  } finally {
    await rm(image, { force: true });
  }
}
