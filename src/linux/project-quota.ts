import { FFIType } from "bun:ffi";
import { constants } from "node:fs";
import { check, errno, SyscallError } from "./errno.ts";
import { close, open } from "./file.ts";
import { bindLibc, struct } from "./libc.ts";

const { i32, u32, u64, ptr, i64_fast } = FFIType;
const libc = bindLibc({
  ioctl: { args: [i32, u64, ptr], returns: i32 },
  syscall: { args: [i64_fast, i32, u32, u32, ptr], returns: i64_fast },
});

/** quotactl_fd(2), Linux 5.14: the same number on every architecture. */
const SYS_QUOTACTL_FD = 443;
const PRJQUOTA = 2;
/** Commands of linux/dqblk_xfs.h, which ext4 understands too; the type is in the lowest byte. */
const command = (number: number): number => ((0x5800 + number) << 8) | PRJQUOTA;
const Q_XGETQUOTA = command(3);
const Q_XSETQLIM = command(4);
const Q_XGETQSTAT = command(5);

/** `struct fs_quota_stat`, version 1. */
const QUOTA_STAT_SIZE = 80;
const FS_QUOTA_PDQ_ENFD = 1 << 5;

/** `struct fs_disk_quota`: limits are in units of 512 bytes. */
const DISK_QUOTA_SIZE = 112;
const FS_DQUOT_VERSION = 1;
const FS_PROJ_QUOTA = 2;
const FS_DQ_BSOFT = 1 << 2;
const FS_DQ_BHARD = 1 << 3;
const BLOCK = 512;

/** `struct fsxattr` of linux/fs.h. */
const FSXATTR_SIZE = 28;
const FS_IOC_FSGETXATTR = 0x801c581f;
const FS_IOC_FSSETXATTR = 0x401c5820;
const FS_XFLAG_PROJINHERIT = 0x200;

function withDirectory<T>(path: string, use: (fd: number) => T): T {
  const fd = open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return use(fd);
  } finally {
    close(fd);
  }
}

function quotactl(fd: number, what: number, id: number, into: Uint8Array): number {
  return Number(libc.syscall(SYS_QUOTACTL_FD, fd, what, id, into));
}

/** Does the file system of a directory hold projects to their limits? (mount option `prjquota`) */
export function enforcesProjectQuotas(directory: string): boolean {
  const { bytes, view } = struct(QUOTA_STAT_SIZE);
  view.setInt8(0, 1);
  const result = withDirectory(directory, (fd) => quotactl(fd, Q_XGETQSTAT, 0, bytes));
  return result === 0 && (view.getUint16(2, true) & FS_QUOTA_PDQ_ENFD) !== 0;
}

/** What the files of a project may occupy together, bytes; 0: as much as they like. */
export function setProjectLimit(directory: string, project: number, limit: number): void {
  const { bytes, view } = struct(DISK_QUOTA_SIZE);
  const blocks = BigInt(Math.ceil(limit / BLOCK));
  view.setInt8(0, FS_DQUOT_VERSION);
  view.setInt8(1, FS_PROJ_QUOTA);
  view.setUint16(2, FS_DQ_BSOFT | FS_DQ_BHARD, true);
  view.setUint32(4, project, true);
  view.setBigUint64(8, blocks, true);
  view.setBigUint64(16, blocks, true);
  withDirectory(directory, (fd) => {
    if (quotactl(fd, Q_XSETQLIM, project, bytes) !== 0) {
      throw new SyscallError("quotactl_fd", errno(), directory);
    }
  });
}

export interface ProjectQuota {
  /** Bytes; 0: none. */
  limit: number;
  /** Bytes. */
  used: number;
}

/** `undefined` where nobody has set anything for the project. */
export function projectQuota(directory: string, project: number): ProjectQuota | undefined {
  const { bytes, view } = struct(DISK_QUOTA_SIZE);
  const result = withDirectory(directory, (fd) => quotactl(fd, Q_XGETQUOTA, project, bytes));
  if (result !== 0) return undefined;
  return {
    limit: Number(view.getBigUint64(8, true)) * BLOCK,
    used: Number(view.getBigUint64(40, true)) * BLOCK,
  };
}

/** Makes a directory, and what will be made in it, belong to a project (ioctl FS_IOC_FSSETXATTR). */
export function setProject(directory: string, project: number): void {
  const { bytes, view } = struct(FSXATTR_SIZE);
  withDirectory(directory, (fd) => {
    check(libc.ioctl(fd, FS_IOC_FSGETXATTR, bytes), "ioctl(FS_IOC_FSGETXATTR)", directory);
    view.setUint32(0, view.getUint32(0, true) | FS_XFLAG_PROJINHERIT, true);
    view.setUint32(12, project, true);
    check(libc.ioctl(fd, FS_IOC_FSSETXATTR, bytes), "ioctl(FS_IOC_FSSETXATTR)", directory);
  });
}

/** The project that a directory hands on to what is made in it; 0: none, or a file system without. */
export function inheritedProject(directory: string): number {
  const { bytes, view } = struct(FSXATTR_SIZE);
  const result = withDirectory(directory, (fd) => libc.ioctl(fd, FS_IOC_FSGETXATTR, bytes));
  const inherits = (view.getUint32(0, true) & FS_XFLAG_PROJINHERIT) !== 0;
  return result === 0 && inherits ? view.getUint32(12, true) : 0;
}
