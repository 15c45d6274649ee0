import { LIST_FORMAT_LINE, OBJECT_FORMAT_LINE } from "../../format/format-flag.ts";
import type { UnservedCommands } from "./unserved-command.ts";

export const SERVICE_COMMANDS: UnservedCommands = {
  create: {
    usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    description: "Create a new service",
    flags: `
      --cap-add list Add Linux capabilities
      --cap-drop list Drop Linux capabilities
      --config config Specify configurations to expose to the service
      --constraint list Placement constraints
      --container-label list Container labels
      --credential-spec credential-spec Credential spec for managed service account (Windows only)
      -d, --detach bool Exit immediately instead of waiting for the service to converge
      --dns list Set custom DNS servers
      --dns-option list Set DNS options
      --dns-search list Set custom DNS search domains
      --endpoint-mode string=vip Endpoint mode (vip or dnsrr)
      --entrypoint command Overwrite the default ENTRYPOINT of the image
      -e, --env list Set environment variables
      --env-file list Read in a file of environment variables
      --generic-resource list User defined resources
      --group list Set one or more supplementary user groups for the container
      --health-cmd string Command to run to check health
      --health-interval duration Time between running the check (ms|s|m|h)
      --health-retries int Consecutive failures needed to report unhealthy
      --health-start-interval duration Time between running the check during the start period (ms|s|m|h)
      --health-start-period duration Start period for the container to initialize before counting retries towards unstable (ms|s|m|h)
      --health-timeout duration Maximum time to allow one check to run (ms|s|m|h)
      --host list Set one or more custom host-to-IP mappings (host:ip)
      --hostname string Container hostname
      --init bool Use an init inside each service container to forward signals and reap processes
      --isolation string Service container isolation mode
      -l, --label list Service labels
      --limit-cpu decimal Limit CPUs
      --limit-memory bytes Limit Memory
      --limit-pids int Limit maximum number of processes (default 0 = unlimited)
      --log-driver string Logging driver for service
      --log-opt list Logging driver options
      --max-concurrent uint Number of job tasks to run concurrently (default equal to --replicas)
      --mode string=replicated Service mode ("replicated", "global", "replicated-job", "global-job")
      --mount mount Attach a filesystem mount to the service
      --name string Service name
      --network network Network attachments
      --no-healthcheck bool Disable any container-specified HEALTHCHECK
      --no-resolve-image bool Do not query the registry to resolve image digest and supported platforms
      --oom-score-adj int Tune host's OOM preferences (-1000 to 1000)
      --placement-pref pref Add a placement preference
      -p, --publish port Publish a port as a node port
      -q, --quiet bool Suppress progress output
      --read-only bool Mount the container's root filesystem as read only
      --replicas uint Number of tasks
      --replicas-max-per-node uint Maximum number of tasks per node (default 0 = unlimited)
      --reserve-cpu decimal Reserve CPUs
      --reserve-memory bytes Reserve Memory
      --restart-condition string=any Restart when condition is met ("none", "on-failure", "any")
      --restart-delay duration=5s Delay between restart attempts (ns|us|ms|s|m|h)
      --restart-max-attempts uint Maximum number of restarts before giving up
      --restart-window duration Window used to evaluate the restart policy (ns|us|ms|s|m|h)
      --rollback-delay duration=0s Delay between task rollbacks (ns|us|ms|s|m|h)
      --rollback-failure-action string=pause Action on rollback failure ("pause", "continue")
      --rollback-max-failure-ratio float=0 Failure rate to tolerate during a rollback
      --rollback-monitor duration=5s Duration after each task rollback to monitor for failure (ns|us|ms|s|m|h)
      --rollback-order string=stop-first Rollback order ("start-first", "stop-first")
      --rollback-parallelism uint=1 Maximum number of tasks rolled back simultaneously (0 to roll back all at once)
      --secret secret Specify secrets to expose to the service
      --stop-grace-period duration=10s Time to wait before force killing a container (ns|us|ms|s|m|h)
      --stop-signal string Signal to stop the container
      --sysctl list Sysctl options
      -t, --tty bool Allocate a pseudo-TTY
      --ulimit ulimit=[] Ulimit options
      --update-delay duration=0s Delay between updates (ns|us|ms|s|m|h)
      --update-failure-action string=pause Action on update failure ("pause", "continue", "rollback")
      --update-max-failure-ratio float=0 Failure rate to tolerate during an update
      --update-monitor duration=5s Duration after each task update to monitor for failure (ns|us|ms|s|m|h)
      --update-order string=stop-first Update order ("start-first", "stop-first")
      --update-parallelism uint=1 Maximum number of tasks updated simultaneously (0 to update all at once)
      -u, --user string Username or UID (format: <name|uid>[:<group|gid>])
      --with-registry-auth bool Send registry authentication details to swarm agents
      -w, --workdir string Working directory inside the container`,
  },
  inspect: {
    usage: "[OPTIONS] SERVICE [SERVICE...]",
    description: "Display detailed information on one or more services",
    flags: `
      -f, --format string ${OBJECT_FORMAT_LINE}
      --pretty bool Print the information in a human friendly format`,
  },
  logs: {
    usage: "[OPTIONS] SERVICE|TASK",
    description: "Fetch the logs of a service or task",
    flags: `
      --details bool Show extra details provided to logs
      -f, --follow bool Follow log output
      --no-resolve bool Do not map IDs to Names in output
      --no-task-ids bool Do not include task IDs in output
      --no-trunc bool Do not truncate output
      --raw bool Do not neatly format logs
      --since string Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)
      -n, --tail string=all Number of lines to show from the end of the logs
      -t, --timestamps bool Show timestamps`,
  },
  ls: {
    usage: "[OPTIONS]",
    description: "List services",
    aliases: ["service ls", "service list"],
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string ${LIST_FORMAT_LINE}
      -q, --quiet bool Only display IDs`,
  },
  ps: {
    usage: "[OPTIONS] SERVICE [SERVICE...]",
    description: "List the tasks of one or more services",
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string Pretty-print tasks using a Go template
      --no-resolve bool Do not map IDs to Names
      --no-trunc bool Do not truncate output
      -q, --quiet bool Only display task IDs`,
  },
  rm: {
    usage: "SERVICE [SERVICE...]",
    description: "Remove one or more services",
    aliases: ["service rm", "service remove"],
  },
  rollback: {
    usage: "[OPTIONS] SERVICE",
    description: "Revert changes to a service's configuration",
    flags: `
      -d, --detach bool Exit immediately instead of waiting for the service to converge
      -q, --quiet bool Suppress progress output`,
  },
  scale: {
    usage: "SERVICE=REPLICAS [SERVICE=REPLICAS...]",
    description: "Scale one or multiple replicated services",
    flags: `
      -d, --detach bool Exit immediately instead of waiting for the service to converge`,
  },
  update: {
    usage: "[OPTIONS] SERVICE",
    description: "Update a service",
    flags: `
      --args command Service command args
      --cap-add list Add Linux capabilities
      --cap-drop list Drop Linux capabilities
      --config-add config Add or update a config file on a service
      --config-rm list Remove a configuration file
      --constraint-add list Add or update a placement constraint
      --constraint-rm list Remove a constraint
      --container-label-add list Add or update a container label
      --container-label-rm list Remove a container label by its key
      --credential-spec credential-spec Credential spec for managed service account (Windows only)
      -d, --detach bool Exit immediately instead of waiting for the service to converge
      --dns-add list Add or update a custom DNS server
      --dns-option-add list Add or update a DNS option
      --dns-option-rm list Remove a DNS option
      --dns-rm list Remove a custom DNS server
      --dns-search-add list Add or update a custom DNS search domain
      --dns-search-rm list Remove a DNS search domain
      --endpoint-mode string Endpoint mode (vip or dnsrr)
      --entrypoint command Overwrite the default ENTRYPOINT of the image
      --env-add list Add or update an environment variable
      --env-rm list Remove an environment variable
      --force bool Force update even if no changes require it
      --generic-resource-add list Add a Generic resource
      --generic-resource-rm list Remove a Generic resource
      --group-add list Add an additional supplementary user group to the container
      --group-rm list Remove a previously added supplementary user group from the container
      --health-cmd string Command to run to check health
      --health-interval duration Time between running the check (ms|s|m|h)
      --health-retries int Consecutive failures needed to report unhealthy
      --health-start-interval duration Time between running the check during the start period (ms|s|m|h)
      --health-start-period duration Start period for the container to initialize before counting retries towards unstable (ms|s|m|h)
      --health-timeout duration Maximum time to allow one check to run (ms|s|m|h)
      --host-add list Add a custom host-to-IP mapping ("host:ip")
      --host-rm list Remove a custom host-to-IP mapping ("host:ip")
      --hostname string Container hostname
      --image string Service image tag
      --init bool Use an init inside each service container to forward signals and reap processes
      --isolation string Service container isolation mode
      --label-add list Add or update a service label
      --label-rm list Remove a label by its key
      --limit-cpu decimal Limit CPUs
      --limit-memory bytes Limit Memory
      --limit-pids int Limit maximum number of processes (default 0 = unlimited)
      --log-driver string Logging driver for service
      --log-opt list Logging driver options
      --max-concurrent uint Number of job tasks to run concurrently (default equal to --replicas)
      --mount-add mount Add or update a mount on a service
      --mount-rm list Remove a mount by its target path
      --network-add network Add a network
      --network-rm list Remove a network
      --no-healthcheck bool Disable any container-specified HEALTHCHECK
      --no-resolve-image bool Do not query the registry to resolve image digest and supported platforms
      --oom-score-adj int Tune host's OOM preferences (-1000 to 1000)
      --placement-pref-add pref Add a placement preference
      --placement-pref-rm pref Remove a placement preference
      --publish-add port Add or update a published port
      --publish-rm port Remove a published port by its target port
      -q, --quiet bool Suppress progress output
      --read-only bool Mount the container's root filesystem as read only
      --replicas uint Number of tasks
      --replicas-max-per-node uint Maximum number of tasks per node (default 0 = unlimited)
      --reserve-cpu decimal Reserve CPUs
      --reserve-memory bytes Reserve Memory
      --restart-condition string Restart when condition is met ("none", "on-failure", "any")
      --restart-delay duration Delay between restart attempts (ns|us|ms|s|m|h)
      --restart-max-attempts uint Maximum number of restarts before giving up
      --restart-window duration Window used to evaluate the restart policy (ns|us|ms|s|m|h)
      --rollback bool Rollback to previous specification
      --rollback-delay duration Delay between task rollbacks (ns|us|ms|s|m|h)
      --rollback-failure-action string Action on rollback failure ("pause", "continue")
      --rollback-max-failure-ratio float Failure rate to tolerate during a rollback
      --rollback-monitor duration Duration after each task rollback to monitor for failure (ns|us|ms|s|m|h)
      --rollback-order string Rollback order ("start-first", "stop-first")
      --rollback-parallelism uint Maximum number of tasks rolled back simultaneously (0 to roll back all at once)
      --secret-add secret Add or update a secret on a service
      --secret-rm list Remove a secret
      --stop-grace-period duration Time to wait before force killing a container (ns|us|ms|s|m|h)
      --stop-signal string Signal to stop the container
      --sysctl-add list Add or update a Sysctl option
      --sysctl-rm list Remove a Sysctl option
      -t, --tty bool Allocate a pseudo-TTY
      --ulimit-add ulimit=[] Add or update a ulimit option
      --ulimit-rm list Remove a ulimit option
      --update-delay duration Delay between updates (ns|us|ms|s|m|h)
      --update-failure-action string Action on update failure ("pause", "continue", "rollback")
      --update-max-failure-ratio float Failure rate to tolerate during an update
      --update-monitor duration Duration after each task update to monitor for failure (ns|us|ms|s|m|h)
      --update-order string Update order ("start-first", "stop-first")
      --update-parallelism uint Maximum number of tasks updated simultaneously (0 to update all at once)
      -u, --user string Username or UID (format: <name|uid>[:<group|gid>])
      --with-registry-auth bool Send registry authentication details to swarm agents
      -w, --workdir string Working directory inside the container`,
  },
};

export const STACK_COMMANDS: UnservedCommands = {
  config: {
    usage: "[OPTIONS]",
    description: "Outputs the final config file, after doing merges and interpolations",
    flags: `
      -c, --compose-file strings Path to a Compose file, or "-" to read from stdin
      --skip-interpolation bool Skip interpolation and output only merged config`,
  },
  deploy: {
    usage: "[OPTIONS] STACK",
    description: "Deploy a new stack or update an existing stack",
    aliases: ["stack deploy", "stack up"],
    flags: `
      -c, --compose-file strings Path to a Compose file, or "-" to read from stdin
      -d, --detach bool=true Exit immediately instead of waiting for the stack services to converge
      --prune bool Prune services that are no longer referenced
      -q, --quiet bool Suppress progress output
      --resolve-image string=always Query the registry to resolve image digest and supported platforms ("always", "changed", "never")
      --with-registry-auth bool Send registry authentication details to Swarm agents`,
  },
  ls: {
    usage: "[OPTIONS]",
    description: "List stacks",
    aliases: ["stack ls", "stack list"],
    flags: `
      --format string ${LIST_FORMAT_LINE}`,
  },
  ps: {
    usage: "[OPTIONS] STACK",
    description: "List the tasks in the stack",
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string ${LIST_FORMAT_LINE}
      --no-resolve bool Do not map IDs to Names
      --no-trunc bool Do not truncate output
      -q, --quiet bool Only display task IDs`,
  },
  rm: {
    usage: "[OPTIONS] STACK [STACK...]",
    description: "Remove one or more stacks",
    aliases: ["stack rm", "stack remove", "stack down"],
    flags: `
      -d, --detach bool=true Do not wait for stack removal`,
  },
  services: {
    usage: "[OPTIONS] STACK",
    description: "List the services in the stack",
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string ${LIST_FORMAT_LINE}
      -q, --quiet bool Only display IDs`,
  },
};
