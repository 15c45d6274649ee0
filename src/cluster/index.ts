export { type ClusterHost, ClusterSession, type SessionEvents } from "./cluster-session.ts";
export { type ClusterSettings, parseClusterSettings } from "./cluster-settings.ts";
export type * from "./cluster-store.ts";
export { EtcdStore } from "./etcd/etcd-store.ts";
export { MemoryClusterStore, type MemoryConnection } from "./memory-store.ts";
export { Mirror } from "./mirror.ts";
