import { LIST_FORMAT_LINE, OBJECT_FORMAT_LINE } from "../../format/format-flag.ts";
import type { UnservedCommands } from "./unserved-command.ts";

export const SWARM_COMMANDS: UnservedCommands = {
  ca: {
    usage: "[OPTIONS]",
    description: "Display and rotate the root CA",
    flags: `
      --ca-cert pem-file Path to the PEM-formatted root CA certificate to use for the new cluster
      --ca-key pem-file Path to the PEM-formatted root CA key to use for the new cluster
      --cert-expiry duration=2160h0m0s Validity period for node certificates (ns|us|ms|s|m|h)
      -d, --detach bool Exit immediately instead of waiting for the root rotation to converge
      --external-ca external-ca Specifications of one or more certificate signing endpoints
      -q, --quiet bool Suppress progress output
      --rotate bool Rotate the swarm CA - if no certificate or key are provided, new ones will be generated`,
  },
  init: {
    usage: "[OPTIONS]",
    description: "Initialize a swarm",
    flags: `
      --advertise-addr string Advertised address (format: "<ip|interface>[:port]")
      --autolock bool Enable manager autolocking (requiring an unlock key to start a stopped manager)
      --availability string=active Availability of the node ("active", "pause", "drain")
      --cert-expiry duration=2160h0m0s Validity period for node certificates (ns|us|ms|s|m|h)
      --data-path-addr string Address or interface to use for data path traffic (format: "<ip|interface>")
      --data-path-port uint32 Port number to use for data path traffic (1024 - 49151). If no value is set or is set to 0, the default port (4789) is used.
      --default-addr-pool ipNetSlice=[] default address pool in CIDR format
      --default-addr-pool-mask-length uint32=24 default address pool subnet mask length
      --dispatcher-heartbeat duration=5s Dispatcher heartbeat period (ns|us|ms|s|m|h)
      --external-ca external-ca Specifications of one or more certificate signing endpoints
      --force-new-cluster bool Force create a new cluster from current state
      --listen-addr node-addr=0.0.0.0:2377 Listen address (format: "<ip|interface>[:port]")
      --max-snapshots uint Number of additional Raft snapshots to retain
      --snapshot-interval uint=10000 Number of log entries between Raft snapshots
      --task-history-limit int=5 Task history retention limit`,
  },
  join: {
    usage: "[OPTIONS] HOST:PORT",
    description: "Join a swarm as a node and/or manager",
    flags: `
      --advertise-addr string Advertised address (format: "<ip|interface>[:port]")
      --availability string=active Availability of the node ("active", "pause", "drain")
      --data-path-addr string Address or interface to use for data path traffic (format: "<ip|interface>")
      --listen-addr node-addr=0.0.0.0:2377 Listen address (format: "<ip|interface>[:port]")
      --token string Token for entry into the swarm`,
  },
  "join-token": {
    usage: "[OPTIONS] (worker|manager)",
    description: "Manage join tokens",
    flags: `
      -q, --quiet bool Only display token
      --rotate bool Rotate join token`,
  },
  leave: {
    usage: "[OPTIONS]",
    description: "Leave the swarm",
    flags: `
      -f, --force bool Force this node to leave the swarm, ignoring warnings`,
  },
  unlock: {
    usage: "",
    description: "Unlock swarm",
  },
  "unlock-key": {
    usage: "[OPTIONS]",
    description: "Manage the unlock key",
    flags: `
      -q, --quiet bool Only display token
      --rotate bool Rotate unlock key`,
  },
  update: {
    usage: "[OPTIONS]",
    description: "Update the swarm",
    flags: `
      --autolock bool Change manager autolocking setting (true|false)
      --cert-expiry duration=2160h0m0s Validity period for node certificates (ns|us|ms|s|m|h)
      --dispatcher-heartbeat duration=5s Dispatcher heartbeat period (ns|us|ms|s|m|h)
      --external-ca external-ca Specifications of one or more certificate signing endpoints
      --max-snapshots uint Number of additional Raft snapshots to retain
      --snapshot-interval uint=10000 Number of log entries between Raft snapshots
      --task-history-limit int=5 Task history retention limit`,
  },
};

export const NODE_COMMANDS: UnservedCommands = {
  demote: {
    usage: "NODE [NODE...]",
    description: "Demote one or more nodes from manager in the swarm",
  },
  inspect: {
    usage: "[OPTIONS] self|NODE [NODE...]",
    description: "Display detailed information on one or more nodes",
    flags: `
      -f, --format string ${OBJECT_FORMAT_LINE}
      --pretty bool Print the information in a human friendly format`,
  },
  ls: {
    usage: "[OPTIONS]",
    description: "List nodes in the swarm",
    aliases: ["node ls", "node list"],
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string ${LIST_FORMAT_LINE}
      -q, --quiet bool Only display IDs`,
  },
  promote: {
    usage: "NODE [NODE...]",
    description: "Promote one or more nodes to manager in the swarm",
  },
  ps: {
    usage: "[OPTIONS] [NODE...]",
    description: "List tasks running on one or more nodes, defaults to current node",
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string Pretty-print tasks using a Go template
      --no-resolve bool Do not map IDs to Names
      --no-trunc bool Do not truncate output
      -q, --quiet bool Only display task IDs`,
  },
  rm: {
    usage: "[OPTIONS] NODE [NODE...]",
    description: "Remove one or more nodes from the swarm",
    aliases: ["node rm", "node remove"],
    flags: `
      -f, --force bool Force remove a node from the swarm`,
  },
  update: {
    usage: "[OPTIONS] NODE",
    description: "Update a node",
    flags: `
      --availability string Availability of the node ("active", "pause", "drain")
      --label-add list Add or update a node label ("key=value")
      --label-rm list Remove a node label if exists
      --role string Role of the node ("worker", "manager")`,
  },
};
