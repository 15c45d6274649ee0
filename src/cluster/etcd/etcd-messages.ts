import type { Change, Condition } from "../cluster-store.ts";

/**
 * The JSON form of etcd's v3 API (grpc-gateway): keys and values are base64, 64-bit numbers are text.
 * https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/
 */
export const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");
export const decode = (text: string | undefined): string =>
  Buffer.from(text ?? "", "base64").toString("utf8");

/** The first key behind all those that begin so. */
function rangeEnd(prefix: string): string {
  const bytes = Buffer.from(prefix, "utf8");
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes.toString("base64");
}

export const prefixRange = (prefix: string) => ({
  key: encode(prefix),
  range_end: rangeEnd(prefix),
});

function compare(condition: Condition): object {
  if ("absent" in condition) {
    return {
      key: encode(condition.absent),
      target: "CREATE",
      result: "EQUAL",
      create_revision: "0",
    };
  }
  if ("present" in condition) {
    return {
      key: encode(condition.present),
      target: "CREATE",
      result: "GREATER",
      create_revision: "0",
    };
  }
  if ("empty" in condition) {
    const range = prefixRange(condition.empty);
    return { ...range, target: "CREATE", result: "EQUAL", create_revision: "0" };
  }
  return {
    key: encode(condition.key),
    target: "VALUE",
    result: "EQUAL",
    value: encode(condition.value),
  };
}

function operation(change: Change): object {
  if ("delete" in change) return { request_delete_range: { key: encode(change.delete) } };
  const { put, value, lease } = change;
  return {
    request_put: {
      key: encode(put),
      value: encode(value),
      ...(lease === undefined ? {} : { lease }),
    },
  };
}

export const transaction = (conditions: readonly Condition[], changes: readonly Change[]) => ({
  compare: conditions.map(compare),
  success: changes.map(operation),
});

export interface KeyValue {
  key: string;
  value?: string;
}

export interface RangeAnswer {
  header: { revision: string };
  kvs?: KeyValue[];
}

/** One message of a watch's stream. */
export interface WatchAnswer {
  result?: {
    canceled?: boolean;
    cancel_reason?: string;
    compact_revision?: string;
    events?: { type?: "DELETE"; kv: KeyValue }[];
  };
  error?: { message?: string };
}
