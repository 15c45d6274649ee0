/**
 * Runs `work` for every name as soon as it is done for those it needs; `needs` holds no cycle. The first
 * failure is thrown when all that had begun has ended; what waited for it is not begun.
 */
export async function inDependencyOrder(
  names: readonly string[],
  needs: (name: string) => readonly string[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const begin = (name: string): Promise<void> => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const waited = needs(name).filter((other) => names.includes(other));
    const done = Promise.all(waited.map(begin)).then(() => {
      if (failures.length > 0) throw new Skipped();
      return work(name);
    });
    running.set(name, done);
    done.catch((error: unknown) => {
      if (!(error instanceof Skipped)) failures.push(error);
    });
    return done;
  };
  await Promise.allSettled(names.map(begin));
  if (failures.length > 0) throw failures[0];
}

/** Not begun, since something before it failed. */
class Skipped extends Error {}

/** The same, the other way round: what is needed comes after what needs it. */
export function inReverseOrder(
  names: readonly string[],
  needs: (name: string) => readonly string[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  const neededBy = (name: string) => names.filter((other) => needs(other).includes(name));
  return inDependencyOrder(names, neededBy, work);
}
