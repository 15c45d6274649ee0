import { conflict } from "../../spec/index.ts";

/** Who uses which volume, and what is being done with it. In memory: both end with their process. */
export class VolumeHolds {
  readonly #holders = new Map<string, Set<string>>();
  readonly #work = new Map<string, Map<symbol, string>>();

  holders(name: string): string[] {
    return [...(this.#holders.get(name) ?? [])];
  }

  isHeld(name: string): boolean {
    return this.#holders.has(name);
  }

  add(name: string, holder: string): void {
    this.#holders.set(name, (this.#holders.get(name) ?? new Set()).add(holder));
  }

  /** True when that was the last one. */
  drop(name: string, holder: string): boolean {
    const holders = this.#holders.get(name);
    if (holders?.delete(holder) !== true || holders.size > 0) return false;
    this.#holders.delete(name);
    return true;
  }

  /** Nobody renames, removes or replaces a volume until what this gives is called. */
  begin(name: string, purpose: string): () => void {
    const token = Symbol(purpose);
    const work = this.#work.get(name) ?? new Map<symbol, string>();
    this.#work.set(name, work.set(token, purpose));
    return () => {
      work.delete(token);
      if (work.size === 0 && this.#work.get(name) === work) this.#work.delete(name);
    };
  }

  /** `conflict` while something is being done with the volume. */
  checkIdle(verb: string, name: string): void {
    const [purpose] = this.#work.get(name)?.values() ?? [];
    if (purpose === undefined) return;
    throw conflict(
      `Cannot ${verb} volume "${name}": it is being ${purpose}; try again when that is done`,
    );
  }

  rename(from: string, to: string): void {
    const holders = this.#holders.get(from);
    if (holders === undefined) return;
    this.#holders.delete(from);
    this.#holders.set(to, holders);
  }
}
