import { CliError } from "../../cli-error.ts";

export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** As Docker tells repositories from other addresses. */
export function isGitUrl(text: string): boolean {
  if (/^https?:\/\/[^#]*\.git(?:#.*|\?.*)?$/i.test(text)) return true;
  return /^(?:git:\/\/|ssh:\/\/|github\.com\/|[\w.-]+@[\w.-]+:(?!\/\/))/i.test(text);
}

/** Nothing that git would take for an option: the host, the path, the ref and the directory. */
export function checkGitUrl(url: string): void {
  const [address = "", fragment = ""] = url.split("#", 2);
  const [ref = "", directory = ""] = fragment.split(":", 2);
  const rest = address.replace(/^[a-z+]+:\/\//i, "");
  const parts = [
    rest,
    rest.replace(/^[^@/]*@/, ""),
    rest.replace(/^[^:/]*[:/]+/, ""),
    ref,
    directory,
  ];
  if (!parts.some((part) => part.startsWith("-")) && !/[\s\u0000]/.test(url)) return;
  throw new CliError(
    `invalid git repository "${url}": a part that begins with "-" would be an option of git`,
  );
}
