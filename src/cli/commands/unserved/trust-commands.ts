import type { UnservedCommands } from "./unserved-command.ts";

export const TRUST_COMMANDS: UnservedCommands = {
  "key generate": {
    usage: "NAME",
    description: "Generate and load a signing key-pair",
    flags: `
      --dir string Directory to generate key in, defaults to current directory`,
  },
  "key load": {
    usage: "[OPTIONS] KEYFILE",
    description: "Load a private key file for signing",
    flags: `
      --name string=signer Name for the loaded key`,
  },
  "signer add": {
    usage: "OPTIONS NAME REPOSITORY [REPOSITORY...]",
    description: "Add a signer",
    flags: `
      --key list Path to the signer's public key file`,
  },
  "signer remove": {
    usage: "[OPTIONS] NAME REPOSITORY [REPOSITORY...]",
    description: "Remove a signer",
    flags: `
      -f, --force bool Do not prompt for confirmation before removing the most recent signer`,
  },
  inspect: {
    usage: "IMAGE[:TAG] [IMAGE[:TAG]...]",
    description: "Return low-level information about keys and signatures",
    flags: `
      --pretty bool Print the information in a human friendly format`,
  },
  revoke: {
    usage: "[OPTIONS] IMAGE[:TAG]",
    description: "Remove trust for an image",
    flags: `
      -y, --yes bool Do not prompt for confirmation`,
  },
  sign: {
    usage: "IMAGE:TAG",
    description: "Sign an image",
    flags: `
      --local bool Sign a locally tagged image`,
  },
};
