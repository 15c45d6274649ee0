import type { ContainerState } from "../../spec/index.ts";

const SECOND = 1000;
const HOUR = 3_600_000;

/** A span as Docker words it: `Less than a second`, `About a minute`, `3 hours`. Milliseconds. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / SECOND);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(milliseconds / HOUR + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

/** The status column of `ps`. */
export function statusText(state: ContainerState, now: number): string {
  const since = (time: string) => humanDuration(now - Date.parse(time));
  switch (state.Status) {
    case "created":
      return "Created";
    case "running":
      return `Up ${since(state.StartedAt)}${healthSuffix(state)}`;
    case "paused":
      return `Up ${since(state.StartedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    case "exited":
      return `Exited (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
  }
}

function healthSuffix(state: ContainerState): string {
  switch (state.Health?.Status) {
    case undefined:
    case "none":
      return "";
    case "starting":
      return " (health: starting)";
    default:
      return ` (${state.Health?.Status})`;
  }
}
