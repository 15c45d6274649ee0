export interface StartFailure {
  /** 127 not found, 126 cannot be executed, 128 anything else. */
  exitCode: 126 | 127 | 128;
  /** Docker's message, for the API's error and the container's `State.Error`. */
  message: string;
  /** `invalid-argument` where the user named something that cannot run. */
  kind: "invalid-argument" | "internal";
}

/** The last message of level error or fatal in a runtime's JSON log; the last line of any other log. */
export function runtimeMessage(log: string): string {
  const messages = log.split("\n").flatMap((line) => {
    try {
      const { msg, level } = JSON.parse(line) as { msg?: unknown; level?: unknown };
      return typeof msg === "string" && level !== "warning" && level !== "info" ? [msg] : [];
    } catch {
      return [];
    }
  });
  return messages.at(-1) ?? log.trim().split("\n").at(-1) ?? "";
}

const NO_PATH = "executable file not found in $PATH";

function notFound(argv0: string): string {
  // A name with a slash is not searched for.
  return argv0.includes("/")
    ? `exec: "${argv0}": stat ${argv0}: no such file or directory`
    : `exec: "${argv0}": ${NO_PATH}`;
}

/** crun's ways to say it → runc's, which is what Docker's clients know. */
const TRANSLATIONS: readonly [RegExp, (match: RegExpExecArray, argv0: string) => string][] = [
  [/^executable file [`'"]?.*[`'"]? not found/, (_, argv0) => notFound(argv0)],
  [
    /^open executable: /,
    (_, argv0) => (argv0 === "" ? notFound(argv0) : `exec: "${argv0}": permission denied`),
  ],
  [
    /^exec(?: container process)?(?: \(missing dynamic library\?\))?(?: [`'"](.+)[`'"])?: ([^"].*)$/,
    ([, path, reason = ""], argv0) => `exec ${path ?? argv0}: ${lowerReason(reason)}`,
  ],
  [
    /^chdir [`'"](.+)[`'"]: (.+)$/,
    ([, path, reason = ""]) =>
      `chdir to cwd ("${path}") set in config.json failed: ${lowerReason(reason)}`,
  ],
  [
    /^mount_setattr [`'"](.+)[`'"]: Invalid argument$/,
    ([, path]) =>
      `cannot map the owners of ${path}: its file system cannot do that (ext4, xfs, btrfs, f2fs and tmpfs can, overlay cannot)`,
  ],
];

/** strerror(3) begins with a capital, Go's errors do not, and clients look for Go's. */
const lowerReason = (reason: string): string => reason.charAt(0).toLowerCase() + reason.slice(1);

function translate(message: string, argv0: string): string {
  for (const [pattern, words] of TRANSLATIONS) {
    const match = pattern.exec(message);
    if (match !== null) return words(match, argv0);
  }
  return message.replace(/: ([A-Z])([a-z ]+)$/, (_, first: string, rest: string) => {
    return `: ${first.toLowerCase()}${rest}`;
  });
}

/** Docker's prefixes, which runc writes and crun does not. */
const RUNC_PREFIX =
  /^(?:runc (?:run|create) failed: |exec failed: )?(?:unable to start container process: )?/;

/** A working directory that is a file: Docker finds that out by itself. */
const WORKING_FILE =
  /^(?:chdir [`'"](.+)[`'"]: Not a directory|error during container init: mkdir (.+): not a directory)$/;

const MOUNT_HINT =
  ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";

function exitCodeOf(message: string, argv0: string): StartFailure["exitCode"] {
  const namesProgram = message.includes(argv0);
  if (namesProgram && /executable file not found|no such file or directory/.test(message)) {
    return 127;
  }
  if (namesProgram && message.includes("permission denied")) return 126;
  return message.includes("not a directory") ? 127 : 128;
}

/**
 * What a runtime's log says of a failed start, as Docker says it. `argv0` is the program that was to start.
 */
export function classifyStartFailure(
  log: string,
  argv0: string,
  operation: "create" | "exec" = "create",
): StartFailure {
  const said = runtimeMessage(log).replace(RUNC_PREFIX, "");
  const notDirectory = WORKING_FILE.exec(said)?.slice(1).find(Boolean);
  if (operation === "create" && notDirectory !== undefined) {
    const message = `Cannot mkdir: ${notDirectory} is not a directory`;
    return { exitCode: 128, message, kind: "internal" };
  }
  const reason = translate(said, argv0) || "the runtime gave no reason";
  const exitCode = exitCodeOf(reason, argv0);
  const prefix =
    operation === "create"
      ? "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed"
      : "OCI runtime exec failed: exec failed";
  const hint =
    operation === "create" && exitCode === 127 && reason.includes("not a directory")
      ? MOUNT_HINT
      : "";
  return {
    exitCode,
    message: `${prefix}: unable to start container process: ${reason}${hint}: unknown`,
    kind: exitCode === 128 ? "internal" : "invalid-argument",
  };
}
