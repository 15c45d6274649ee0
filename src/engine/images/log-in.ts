import { checkLogin, RegistryError } from "../../distribution/index.ts";
import { type AuthResponse, EngineError, type RegistryAuth } from "../../spec/index.ts";
import type { ImageContext } from "./image-context.ts";

/** Tries credentials on their registry. `unauthenticated` where it refuses them. */
export async function logIn(context: ImageContext, auth: RegistryAuth): Promise<AuthResponse> {
  try {
    await checkLogin(auth, { config: context.registry, transport: context.transport });
  } catch (error) {
    if (error instanceof RegistryError && (error.status === 401 || error.status === 403)) {
      const address = auth.serveraddress || "https://index.docker.io/v1/";
      const message = `login attempt to ${address} failed: ${error.message}`;
      throw new EngineError("unauthenticated", message, { cause: error });
    }
    throw error;
  }
  return { Status: "Login Succeeded", IdentityToken: "" };
}
