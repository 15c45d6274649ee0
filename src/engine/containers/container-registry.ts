import {
  type ContainerId,
  conflict,
  type ImageId,
  invalidArgument,
  notFound,
} from "../../spec/index.ts";
import type { Collection } from "../../store/index.ts";
import { Container } from "./container.ts";
import type { ContainerRecord } from "./container-record.ts";
import { parseContainerName, randomName } from "./names.ts";

/** Every container of the daemon, in memory; the records behind it are written through. */
export class ContainerRegistry {
  readonly #records: Collection<ContainerRecord>;
  readonly #byId = new Map<string, Container>();
  /** Name → id, from before a container exists until after it is gone. */
  readonly #names = new Map<string, ContainerId>();
  /** Persisted already, and still being made. */
  readonly #unfinished = new Map<string, ContainerRecord>();

  constructor(records: Collection<ContainerRecord>) {
    this.#records = records;
    for (const record of records.all()) {
      this.#byId.set(record.id, this.#wrap(record));
      this.#names.set(record.name, record.id);
    }
  }

  all(): IterableIterator<Container> {
    return this.#byId.values();
  }

  /** Newest first, as `ps` lists them. */
  newestFirst(): Container[] {
    return [...this.#byId.values()].sort((a, b) =>
      compareTimes(b.record.created, a.record.created),
    );
  }

  byId(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  /** By id, by name (with or without a slash), or by a prefix of an id that only one container has. */
  find(ref: string): Container | undefined {
    const exact = this.#byId.get(ref) ?? this.byName(ref.replace(/^\//, ""));
    if (exact !== undefined || !/^[0-9a-f]+$/.test(ref)) return exact;
    let found: Container | undefined;
    for (const [id, container] of this.#byId) {
      if (!id.startsWith(ref)) continue;
      if (found !== undefined) {
        throw invalidArgument(`multiple IDs found with provided prefix: ${ref}`);
      }
      found = container;
    }
    return found;
  }

  /** Like `find`; an unknown one is Docker's `No such container`. */
  get(ref: string): Container {
    if (ref === "") throw invalidArgument(`invalid name or ID supplied: ""`);
    const container = this.find(ref);
    if (container === undefined) throw notFound(`No such container: ${ref}`);
    return container;
  }

  byName(name: string): Container | undefined {
    const id = this.#names.get(name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Takes a name for a container that is being made; undefined invents one. `conflict` when taken. */
  reserveName(wanted: string | undefined, id: ContainerId): string {
    const name =
      wanted === undefined || wanted === ""
        ? randomName((candidate) => this.#names.has(candidate))
        : parseContainerName(wanted);
    const owner = this.#names.get(name);
    if (owner !== undefined) {
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#names.set(name, id);
    return name;
  }

  releaseName(name: string, id: ContainerId): void {
    if (this.#names.get(name) === id) this.#names.delete(name);
  }

  /** Persists the record and makes the container known; its name has been reserved. */
  add(record: ContainerRecord): Container {
    const container = this.#wrap(record);
    this.#records.put(record.id, record);
    this.#byId.set(record.id, container);
    this.#unfinished.delete(record.id);
    return container;
  }

  /** Writes the record of a container that is not known yet: it is still being made. */
  persist(record: ContainerRecord): void {
    this.#records.put(record.id, record);
    this.#unfinished.set(record.id, record);
  }

  /** Takes back `persist`. */
  discard(record: ContainerRecord): void {
    this.#records.delete(record.id);
    this.#unfinished.delete(record.id);
    this.releaseName(record.name, record.id);
  }

  delete(container: Container): void {
    this.#records.delete(container.id);
    this.#byId.delete(container.id);
    this.releaseName(container.name, container.id);
  }

  /** Containers that use a volume; their ids in no order. */
  usersOfVolume(name: string): Container[] {
    return [...this.all()].filter((container) =>
      container.record.mounts.some((mount) => mount.type === "volume" && mount.name === name),
    );
  }

  /** Records of containers that are being made: their volumes are in use already. */
  unfinished(): ContainerRecord[] {
    return [...this.#unfinished.values()];
  }

  /** Containers that were made of an image, or have it mounted. */
  usersOfImage(imageId: ImageId): Container[] {
    return [...this.all()].filter(
      ({ record }) =>
        record.imageId === imageId ||
        record.mounts.some((mount) => mount.type === "image" && mount.name === imageId),
    );
  }

  #wrap(record: ContainerRecord): Container {
    return new Container(record, (changed) => {
      // A verb that ends after the container has been removed must not bring its record back.
      if (this.#byId.get(changed.id)?.record === changed) this.#records.put(changed.id, changed);
    });
  }
}

/** Orders RFC 3339 times in UTC whose fractions may differ in length. */
export function compareTimes(a: string, b: string): number {
  const bySecond = a.slice(0, 19).localeCompare(b.slice(0, 19));
  if (bySecond !== 0) return bySecond;
  const fraction = (time: string) => time.slice(20).replace("Z", "").padEnd(9, "0");
  return fraction(a) < fraction(b) ? -1 : fraction(a) > fraction(b) ? 1 : 0;
}
