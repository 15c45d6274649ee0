/** How Docker Compose stores an application in a registry: an artifact with a layer for each file. */
export const COMPOSE_ARTIFACT = "application/vnd.docker.compose.project";
export const COMPOSE_FILE = "application/vnd.docker.compose.file+yaml";
export const COMPOSE_ENV_FILE = "application/vnd.docker.compose.envfile";
export const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";

export const ANNOTATION = {
  file: "com.docker.compose.file",
  envFile: "com.docker.compose.envfile",
  /** `true`: not part of the application itself, only extended by it. */
  extended: "com.docker.compose.extends",
  version: "com.docker.compose.version",
  created: "org.opencontainers.image.created",
} as const;
