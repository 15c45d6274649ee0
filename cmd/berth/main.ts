/**
 * The composition root: one binary that is the command line, the daemon and its small processes. Every
 * branch is imported when it is taken, so that `berth ps` loads nothing of the daemon.
 */
console.log("berth");
