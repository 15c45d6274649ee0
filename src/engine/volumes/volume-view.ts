import type { Volume, VolumeStatus, VolumeUser } from "../../spec/index.ts";
import type { VolumeRecord } from "../../store/index.ts";

/** A volume as the Engine API shows it; what Berth adds stands in `Status`, which Docker leaves to drivers. */
export function toVolume(
  record: VolumeRecord,
  more: { users?: readonly VolumeUser[] | undefined; snapshots?: number } = {},
): Volume {
  const labels = { ...record.labels };
  if (record.anonymous) labels["com.docker.volume.anonymous"] = "";
  const { users = [], snapshots = 0 } = more;
  const status: VolumeStatus = {
    ...(users.length === 0 ? {} : { UsedBy: [...users] }),
    ...(record.locked === true ? { Locked: true } : {}),
    ...(snapshots === 0 ? {} : { Snapshots: snapshots }),
  };
  return {
    Name: record.name,
    Driver: record.driver,
    Mountpoint: record.mountpoint,
    CreatedAt: record.createdAt,
    ...(Object.keys(status).length === 0 ? {} : { Status: { Berth: status } }),
    Labels: Object.keys(labels).length === 0 ? null : labels,
    Scope: "local",
    Options: Object.keys(record.options).length === 0 ? null : { ...record.options },
  };
}
