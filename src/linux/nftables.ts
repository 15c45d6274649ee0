import { dlopen, FFIType, type Pointer } from "bun:ffi";
import { Errno, isErrno } from "./errno.ts";
import { cString } from "./libc.ts";
import { NetlinkSocket } from "./netlink/netlink-socket.ts";

const LIBRARY = "libnftables.so.1";
/** NFT_CTX_OUTPUT_JSON and NFT_CTX_OUTPUT_HANDLE (nftables/libnftables.h). */
const OUTPUT_JSON = 1 << 4;
const OUTPUT_HANDLE = 1 << 3;

const bind = () =>
  dlopen(LIBRARY, {
    nft_ctx_new: { args: [FFIType.u32], returns: FFIType.ptr },
    nft_ctx_free: { args: [FFIType.ptr], returns: FFIType.void },
    nft_ctx_buffer_output: { args: [FFIType.ptr], returns: FFIType.i32 },
    nft_ctx_get_output_buffer: { args: [FFIType.ptr], returns: FFIType.cstring },
    nft_ctx_buffer_error: { args: [FFIType.ptr], returns: FFIType.i32 },
    nft_ctx_get_error_buffer: { args: [FFIType.ptr], returns: FFIType.cstring },
    nft_ctx_output_set_flags: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.void },
    nft_run_cmd_from_buffer: { args: [FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  }).symbols;

/** The library's own words about a refused command, with the line that it points at. */
export class NftablesError extends Error {
  constructor(message: string) {
    super(message.trim());
    this.name = "NftablesError";
  }

  /** The table, chain, element or rule that a command names is not there. */
  get missing(): boolean {
    return this.message.includes("No such file or directory");
  }
}

/** The library ends the process where the kernel has no netfilter sockets, instead of failing. */
function requireNetlink(): void {
  try {
    new NetlinkSocket("netfilter").close();
  } catch (error) {
    if (!isErrno(error, Errno.EPROTONOSUPPORT)) throw error;
    throw new NftablesError("this kernel has no netfilter sockets (CONFIG_NETFILTER_NETLINK)");
  }
}

/**
 * libnftables(3) in this process. It acts in the network namespace in which the first command ran.
 * Synchronous; an element costs about 0.1 ms, all commands of one call are one transaction.
 *
 * The library waits with select(2), which aborts the process for file descriptors from 1024 on: the first
 * command has to run early in a process that will hold many.
 */
export class Nftables {
  #library: ReturnType<typeof bind> | undefined;
  #context: Pointer | undefined;

  /**
   * Carries out commands in nft(8)'s language, all or none.
   * @throws NftablesError
   */
  run(commands: string): void {
    this.#execute(commands, 0);
  }

  /** The `nftables` array of nft's JSON (libnftables-json(5)), with handles. */
  list(command: string): Record<string, unknown>[] {
    const output = this.#execute(command, OUTPUT_JSON | OUTPUT_HANDLE);
    if (output === "") return [];
    return (JSON.parse(output) as { nftables: Record<string, unknown>[] }).nftables;
  }

  /**
   * `ip filter`: every table's family and name. Not by JSON: libnftables 1.0.6 writes a table's flags there
   * as bytes of whatever, so that a table of somebody else's that is dormant would make it unreadable.
   */
  tables(): string[] {
    return [...this.#execute("list tables", 0).matchAll(/^table (\S+ \S+)$/gm)].map(
      ([, table = ""]) => table,
    );
  }

  close(): void {
    if (this.#context !== undefined) this.#library?.nft_ctx_free(this.#context);
    this.#context = undefined;
  }

  #open(): { library: ReturnType<typeof bind>; context: Pointer } {
    this.#library ??= bind();
    if (this.#context === undefined) requireNetlink();
    if (this.#context === undefined) {
      const context = this.#library.nft_ctx_new(0);
      if (context === null) throw new NftablesError("nft_ctx_new: out of memory");
      this.#library.nft_ctx_buffer_output(context);
      this.#library.nft_ctx_buffer_error(context);
      this.#context = Number(context) as Pointer;
    }
    return { library: this.#library, context: this.#context };
  }

  #execute(commands: string, flags: number): string {
    const { library, context } = this.#open();
    library.nft_ctx_output_set_flags(context, flags);
    const status = library.nft_run_cmd_from_buffer(context, cString(commands));
    // Reading a buffer empties it; both are read every time so that nothing is left for the next command.
    const output = String(library.nft_ctx_get_output_buffer(context) ?? "");
    const error = String(library.nft_ctx_get_error_buffer(context) ?? "");
    if (status !== 0) throw new NftablesError(error === "" ? `nft: status ${status}` : error);
    return output;
  }
}
