/**
 * Lets few work at once where many want to, in the order of asking. What waits holds no memory but what its
 * connection has received, and few are as fast as many.
 */
export class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly most: number,
    /** A turn ends by itself after this, so that slow clients keep nobody waiting. Milliseconds. */
    private readonly lease = Number.POSITIVE_INFINITY,
  ) {}

  /** Resolves, when it is the caller's turn, with what ends it; idempotent. */
  async take(): Promise<() => void> {
    if (this.running < this.most) this.running += 1;
    // Whoever ends a turn hands it over: `running` stays.
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    };
    const timer = Number.isFinite(this.lease) ? setTimeout(end, this.lease) : undefined;
    return end;
  }
}
