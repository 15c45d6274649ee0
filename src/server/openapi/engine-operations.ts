import { anything, flag, integer, list, text } from "../decode.ts";
import {
  network,
  networkCreated,
  networkInspect,
  networksPruned,
} from "../routers/networks/answers.ts";
import {
  connectRequest,
  disconnectRequest,
  networkCreateRequest,
} from "../routers/networks/bodies.ts";
import {
  authAnswer,
  diskUsage,
  eventMessage,
  systemInfo,
  systemVersion,
} from "../routers/system/answers.ts";
import { registryAuth } from "../routers/system/routes.ts";
import { volume, volumeList, volumesPruned } from "../routers/volumes/answers.ts";
import { volumeCreateRequest } from "../routers/volumes/routes.ts";
import type { Operation, Operations } from "./operation.ts";

const system: Operations = {
  "GET /_ping": { summary: "Is the daemon there?", answer: "text" },
  "HEAD /_ping": { summary: "Is the daemon there?" },
  "GET /version": { summary: "Versions", answer: systemVersion },
  "GET /info": { summary: "What the daemon and its host are", answer: systemInfo },
  "GET /events": {
    summary: "What happens",
    query: { since: text, until: text, filters: text },
    answer: { lines: eventMessage },
  },
  "GET /system/df": {
    summary: "Use of the disk",
    query: { type: list(text), verbose: flag },
    answer: diskUsage,
  },
  "POST /auth": { summary: "Check credentials", body: registryAuth, answer: authAnswer },
  "GET /openapi.json": { summary: "This document", answer: anything },
};

const networks: Operations = {
  "GET /networks": { summary: "List networks", query: { filters: text }, answer: list(network) },
  "GET /networks/{name}": {
    summary: "Inspect a network",
    query: { verbose: flag, scope: text },
    answer: networkInspect,
  },
  "POST /networks/create": {
    summary: "Create a network",
    body: networkCreateRequest,
    status: 201,
    answer: networkCreated,
  },
  "POST /networks/prune": {
    summary: "Delete unused networks",
    query: { filters: text },
    answer: networksPruned,
  },
  "POST /networks/{name}/connect": { summary: "Connect a container", body: connectRequest },
  "POST /networks/{name}/disconnect": {
    summary: "Disconnect a container",
    body: disconnectRequest,
  },
  "DELETE /networks/{name}": { summary: "Remove a network", status: 204 },
};

const volumes: Operations = {
  "GET /volumes": { summary: "List volumes", query: { filters: text }, answer: volumeList },
  "GET /volumes/{name}": { summary: "Inspect a volume", answer: volume },
  "POST /volumes/create": {
    summary: "Create a volume",
    body: volumeCreateRequest,
    status: 201,
    answer: volume,
  },
  "POST /volumes/prune": {
    summary: "Delete unused volumes",
    query: { filters: text },
    own: { "dry-run": flag, now: flag },
    answer: volumesPruned,
  },
  "PUT /volumes/{name}": {
    summary: "Update a volume of a cluster: there is none",
    query: { version: integer },
    body: anything,
  },
  "DELETE /volumes/{name}": {
    summary: "Remove a volume",
    query: { force: flag },
    own: { now: flag },
    status: 204,
  },
};

const plugins: Operations = {
  "GET /plugins": { summary: "List plugins", query: { filters: text }, answer: list(anything) },
  "GET /plugins/privileges": {
    summary: "Rights that a plugin wants",
    query: { remote: text },
    answer: list(anything),
  },
  "POST /plugins/pull": {
    summary: "Install a plugin",
    query: { remote: text, name: text },
    body: list(anything),
    status: 204,
  },
  "POST /plugins/create": {
    summary: "Create a plugin",
    query: { name: text },
    body: "bytes",
    status: 204,
  },
  "GET /plugins/{name}/json": { summary: "Inspect a plugin", answer: anything },
  "DELETE /plugins/{name}": {
    summary: "Remove a plugin",
    query: { force: flag },
    answer: anything,
  },
  "POST /plugins/{name}/enable": { summary: "Enable a plugin", query: { timeout: integer } },
  "POST /plugins/{name}/disable": { summary: "Disable a plugin", query: { force: flag } },
  "POST /plugins/{name}/push": { summary: "Push a plugin" },
  "POST /plugins/{name}/set": { summary: "Set up a plugin", body: list(text), status: 204 },
  "POST /plugins/{name}/upgrade": {
    summary: "Upgrade a plugin",
    query: { remote: text },
    body: list(anything),
    status: 204,
  },
};

/** Refused with 503 always: what it would take and give is not told. */
const ofSwarm = (summary: string, query: Operation["query"] = {}): Operation => ({
  summary: `${summary}: refused, there is no swarm`,
  query,
});
const version = { version: integer };
const logs = {
  details: flag,
  follow: flag,
  stdout: flag,
  stderr: flag,
  since: text,
  timestamps: flag,
  tail: text,
};

const swarm: Operations = {
  "GET /swarm": ofSwarm("Inspect the swarm"),
  "GET /swarm/unlockkey": ofSwarm("Get the key"),
  "POST /swarm/init": ofSwarm("Make a swarm"),
  "POST /swarm/join": ofSwarm("Join a swarm"),
  "POST /swarm/leave": ofSwarm("Leave the swarm", { force: flag }),
  "POST /swarm/unlock": ofSwarm("Unlock the swarm"),
  "POST /swarm/update": ofSwarm("Update the swarm", {
    ...version,
    rotateWorkerToken: flag,
    rotateManagerToken: flag,
    rotateManagerUnlockKey: flag,
  }),
  "GET /nodes": ofSwarm("List nodes", { filters: text }),
  "GET /nodes/{name}": ofSwarm("Inspect a node"),
  "DELETE /nodes/{name}": ofSwarm("Remove a node", { force: flag }),
  "POST /nodes/{name}/update": ofSwarm("Update a node", version),
  "GET /services": ofSwarm("List services", { filters: text, status: flag }),
  "POST /services/create": ofSwarm("Create a service"),
  "GET /services/{name}": ofSwarm("Inspect a service", { insertDefaults: flag }),
  "DELETE /services/{name}": ofSwarm("Remove a service"),
  "POST /services/{name}/update": ofSwarm("Update a service", {
    ...version,
    registryAuthFrom: text,
    rollback: text,
  }),
  "GET /services/{name}/logs": ofSwarm("Logs of a service", logs),
  "GET /tasks": ofSwarm("List tasks", { filters: text }),
  "GET /tasks/{name}": ofSwarm("Inspect a task"),
  "GET /tasks/{name}/logs": ofSwarm("Logs of a task", logs),
  ...objects("secrets"),
  ...objects("configs"),
};

function objects(kind: "secrets" | "configs"): Operations {
  return {
    [`GET /${kind}`]: ofSwarm(`List ${kind}`, { filters: text }),
    [`POST /${kind}/create`]: ofSwarm(`Create one of the ${kind}`),
    [`GET /${kind}/{name}`]: ofSwarm(`Inspect one of the ${kind}`),
    [`DELETE /${kind}/{name}`]: ofSwarm(`Remove one of the ${kind}`),
    [`POST /${kind}/{name}/update`]: ofSwarm(`Update one of the ${kind}`, version),
  };
}

const sessions: Operations = {
  "POST /session": { summary: "BuildKit's session: refused", status: 101 },
  "POST /grpc": { summary: "BuildKit's calls: refused", status: 101 },
};

export const engineOperations: Operations = {
  ...system,
  ...networks,
  ...volumes,
  ...plugins,
  ...swarm,
  ...sessions,
};
