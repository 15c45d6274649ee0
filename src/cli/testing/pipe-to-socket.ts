import { connect } from "node:net";

/** What `system dial-stdio` does, bare: standard input and output are one connection to a socket. */
const socket = connect({ path: process.argv[2] ?? "", allowHalfOpen: true });
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.once("close", () => process.exit());
