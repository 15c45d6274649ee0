/** One value for each pattern of keys; `*` stands for any key or index. */
export class PathTable<T> {
  readonly #root: Branch<T> = { next: new Map() };

  constructor(entries: Iterable<readonly [pattern: string, value: T]>) {
    for (const [pattern, value] of entries) {
      let branch = this.#root;
      for (const key of pattern.split(".")) {
        const next: Branch<T> = branch.next.get(key) ?? { next: new Map() };
        branch.next.set(key, next);
        branch = next;
      }
      branch.value = value;
    }
  }

  get(path: readonly string[]): T | undefined {
    return find(this.#root, path, 0);
  }
}

interface Branch<T> {
  value?: T;
  next: Map<string, Branch<T>>;
}

function find<T>(branch: Branch<T>, path: readonly string[], at: number): T | undefined {
  const key = path[at];
  if (key === undefined) return branch.value;
  const exact = branch.next.get(key);
  const found = exact === undefined ? undefined : find(exact, path, at + 1);
  if (found !== undefined) return found;
  const any = branch.next.get("*");
  return any === undefined ? undefined : find(any, path, at + 1);
}
