import type { VolumeUser } from "../../spec/index.ts";
import type { Container } from "../containers/container.ts";
import type { ContainerRecord, MountRecord } from "../containers/container-record.ts";
import type { EngineContext } from "../context.ts";

type Context = Pick<EngineContext, "containers">;

const volumeMounts = (record: ContainerRecord): (MountRecord & { name: string })[] =>
  record.mounts.flatMap((mount) =>
    mount.type === "volume" && mount.name !== undefined ? [{ ...mount, name: mount.name }] : [],
  );

/** Who uses which volume, in one pass over the containers, those that are being made included. */
export function volumeUsers({ containers }: Context): Map<string, VolumeUser[]> {
  const users = new Map<string, VolumeUser[]>();
  const add = (record: ContainerRecord, running: boolean) => {
    for (const mount of volumeMounts(record)) {
      const user: VolumeUser = {
        Id: record.id,
        Name: record.name,
        Running: running,
        Destination: mount.destination,
        ReadOnly: !mount.readWrite,
      };
      users.set(mount.name, [...(users.get(mount.name) ?? []), user]);
    }
  };
  for (const container of containers.all()) add(container.record, container.running);
  for (const record of containers.unfinished()) add(record, false);
  return users;
}

/** Containers that may write to one of these places of the host when they run. */
export function writersTo(
  context: Context & Pick<EngineContext, "store">,
  places: readonly string[],
): Container[] {
  const { volumes } = context.store;
  const touches = ({ type, name, source, readWrite }: MountRecord): boolean => {
    if (!readWrite) return false;
    const own =
      type === "volume" && name !== undefined && volumes.has(name)
        ? placesOf(volumes.get(name))
        : [source];
    return own.some((place) => places.some((other) => overlap(place, other)));
  };
  return [...context.containers.all()].filter(({ record }) => record.mounts.some(touches));
}

/** Where on the host a volume's files are: its directory, and the one that is bound there. */
export function placesOf({
  mountpoint,
  options,
}: {
  mountpoint: string;
  options: Readonly<Record<string, string>>;
}): string[] {
  const bound = /(?:^|,)r?bind(?:,|$)/.test(options["o"] ?? "") ? options["device"] : undefined;
  return [mountpoint, ...(bound === undefined ? [] : [bound])];
}

const inside = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);

const overlap = (a: string, b: string): boolean =>
  a !== "" && b !== "" && (inside(a, b) || inside(b, a));
