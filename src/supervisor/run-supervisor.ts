/** `berth supervisor --exec-root DIR`: serves until it holds nothing and no daemon is connected. */
export async function runSupervisor(_options: { execRoot: string }): Promise<void> {}
