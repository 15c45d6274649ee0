import { join } from "node:path";
import { must, run } from "./daemon.ts";

/** A certificate for an IP address that is its own authority, in PEM files. */
export async function makeCertificate(directory: string, address: string) {
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "ca.crt")];
  const subject = ["-subj", `/CN=${address}`, "-addext", `subjectAltName=IP:${address}`];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  must(await run(["openssl", ...made, "-nodes", "-keyout", key, "-out", certificate, ...subject]));
  return { key, certificate };
}
