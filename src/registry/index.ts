export type { Collected } from "./garbage/collect.ts";
export { openRegistry, openStorage } from "./open-registry.ts";
export { RegistryLog, type RegistryLogLevel } from "./registry-log.ts";
export { loadSettings, parseSettings, type RegistrySettings } from "./registry-settings.ts";
export { copyImage } from "./remote/copy-image.ts";
export { inspectImage } from "./remote/inspect-image.ts";
export { listRepositories, removeReference } from "./remote/list-repositories.ts";
export { type RunningRegistry, serveRegistry } from "./serve-registry.ts";
