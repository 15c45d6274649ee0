/** A bucket of an S3-compatible object store. */
export interface S3Settings {
  readonly bucket: string;
  /** Before every key; empty for the whole bucket. */
  readonly prefix: string;
  readonly region: string;
  /** Undefined: the AWS endpoint of the region. */
  readonly endpoint?: string;
  /** Undefined: what the environment, files or the machine's role give. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** `host/bucket/key` in place of `bucket.host/key`. */
  readonly pathStyle: boolean;
  /** Bytes of one part of an upload; as many are in memory for each upload. At least 5 MiB. */
  readonly partSize: number;
}
