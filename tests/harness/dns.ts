/**
 * A name server and a client for tests, to be run in network namespaces:
 * `dns.ts serve ADDRESS` answers everything below `example.test` and tells its questions on stdout;
 * `dns.ts ask udp|tcp SERVER NAME TYPE` prints the answer code and the data of the answers.
 */
import { createSocket } from "node:dgram";
import { decode, encode, type Packet, type RecordType } from "dns-packet";

const PORT = 53;
const TRUNCATED = 0x0200;
const NXDOMAIN = 3;
const RECURSION_DESIRED = 0x0100;
/** Too many for 512 bytes. */
const MANY = 60;

function answer(query: Buffer, tcp: boolean): Buffer {
  const { id = 0, questions = [] } = decode(query);
  const [question] = questions;
  const name = question?.name ?? "";
  process.stdout.write(`${tcp ? "tcp" : "udp"} ${question?.type} ${name}\n`);
  const head: Packet = { type: "response", id, questions };
  if (!name.endsWith("example.test")) return encode({ ...head, flags: NXDOMAIN });
  if (name.startsWith("many.")) {
    if (!tcp) return encode({ ...head, flags: TRUNCATED });
    const hosts = Array.from({ length: MANY }, (_, index) => `192.0.2.${index + 1}`);
    return encode({ ...head, answers: hosts.map((data) => ({ type: "A", name, ttl: 5, data })) });
  }
  return question?.type === "AAAA"
    ? encode({ ...head, answers: [{ type: "AAAA", name, ttl: 5, data: "2001:db8::7" }] })
    : encode({ ...head, answers: [{ type: "A", name, ttl: 5, data: "192.0.2.7" }] });
}

/** A message on a stream has its length before it (RFC 1035, 4.2.2). */
const framed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

async function serve(address: string): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (query, { port, address: client }) => {
    socket.send(answer(query, false), port, client);
  });
  const bound = new Promise<void>((resolve) => socket.bind(PORT, address, resolve));
  Bun.listen({
    hostname: address,
    port: PORT,
    socket: {
      // A question is one small segment.
      data(client, bytes) {
        client.end(framed(answer(bytes.subarray(2), true)));
      },
    },
  });
  await bound;
  process.stdout.write("ready\n");
}

async function exchange(transport: string, server: string, query: Buffer): Promise<Buffer> {
  if (transport === "udp") {
    const socket = createSocket(server.includes(":") ? "udp6" : "udp4");
    socket.send(query, PORT, server);
    return await new Promise((resolve) => socket.once("message", resolve));
  }
  const chunks: Buffer[] = [];
  return await new Promise((resolve, reject) => {
    const check = () => {
      const all = Buffer.concat(chunks);
      if (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) resolve(all.subarray(2));
    };
    Bun.connect({
      hostname: server,
      port: PORT,
      socket: {
        open: (socket) => void socket.write(framed(query)),
        data: (_, bytes) => {
          chunks.push(Buffer.from(bytes));
          check();
        },
      },
    }).catch(reject);
  });
}

async function ask(transport: string, server: string, name: string, type: string): Promise<void> {
  const question = { type: type as RecordType, name };
  const query = encode({ id: 7, flags: RECURSION_DESIRED, questions: [question] });
  const {
    rcode,
    flag_tc,
    answers = [],
  } = decode(await exchange(transport, server, query)) as ReturnType<typeof decode> & {
    rcode: string;
  };
  const data = answers.map((one) => ("data" in one ? String(one.data) : ""));
  process.stdout.write(
    `${[rcode, ...(flag_tc === true ? ["truncated"] : []), ...data].join(" ")}\n`,
  );
  process.exit(0);
}

const [verb, ...rest] = process.argv.slice(2);
const [first = "", server = "", name = "", type = "A"] = rest;
if (verb === "serve") await serve(first);
else if (verb === "ask") await ask(first, server, name, type);
