/** The supervisor's socket, below the exec root. */
export const SOCKET_NAME = "supervisor.sock";
/** What it writes to its standard output once connections are answered. */
export const READY_LINE = "ready\n";
