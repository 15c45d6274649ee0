export interface StartFailure {
  /** 127 not found, 126 cannot be executed, 128 anything else. */
  exitCode: 126 | 127 | 128;
  /** Docker's message, for the API's error and the container's `State.Error`. */
  message: string;
}

/** What a runtime's log says of a failed run or exec. `argv0` is the program that was to start. */
export function classifyStartFailure(_log: string, _argv0: string): StartFailure {
  throw new Error("not yet");
}
