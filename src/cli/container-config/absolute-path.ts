/** A path made absolute and clean, as path.resolve does. (node:path takes a millisecond to load.) */
export function absolutePath(path: string, directory: string = process.cwd()): string {
  const words: string[] = [];
  for (const word of `${path.startsWith("/") ? "" : directory}/${path}`.split("/")) {
    if (word === "..") words.pop();
    else if (word !== "" && word !== ".") words.push(word);
  }
  return `/${words.join("/")}`;
}
