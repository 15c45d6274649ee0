import { test } from "bun:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { S3Storage } from "../../../src/registry/storage/s3/s3-storage.ts";
import { storageContract } from "../../../src/registry/testing/storage-contract.ts";
import { Swift, swiftIsPackaged } from "../../harness/swift.ts";

async function bucketOfSwift() {
  const swift = await Swift.start();
  const { endpoint, accessKeyId, secretAccessKey, bucket } = swift.settings("registry");
  const credentials = { accessKeyId, secretAccessKey };
  const region = "us-east-1";
  const client = new S3Client({ endpoint, credentials, region, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const settings = { bucket, prefix: "some/where", region, endpoint, credentials };
  return {
    open: async () => new S3Storage({ ...settings, pathStyle: true, partSize: 5 << 20 }),
    close: () => swift.stop(),
  };
}

if (swiftIsPackaged) storageContract("S3Storage on OpenStack Swift", bucketOfSwift);
else test.skip("S3Storage on OpenStack Swift (this system has no packages of it)", () => {});
