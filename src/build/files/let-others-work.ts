/** How long files are read and written at a stretch. Milliseconds. */
const STRETCH = 8;

let since = performance.now();

/** Lets the daemon answer others, if it has not for a while: files are read and written synchronously. */
export async function letOthersWork(): Promise<void> {
  if (performance.now() - since < STRETCH) return;
  await new Promise((resolve) => setImmediate(resolve));
  since = performance.now();
}
