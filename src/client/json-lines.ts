/** Cuts a byte stream into lines and parses each; empty lines are skipped, a cut last one is refused. */
export async function* jsonLines<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n", start)) {
      const line = pending.slice(start, end).trim();
      start = end + 1;
      if (line !== "") yield JSON.parse(line) as T;
    }
    pending = pending.slice(start);
  }
  const last = (pending + decoder.decode()).trim();
  if (last !== "") yield JSON.parse(last) as T;
}
