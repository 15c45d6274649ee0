import { checkLogin, RegistryError } from "../../distribution/index.ts";
import { type AuthResponse, EngineError, type RegistryAuth } from "../../spec/index.ts";
import type { ImageContext } from "./image-context.ts";

/** Tries credentials on their registry. `unauthenticated` where it refuses them. */
export async function logIn(context: ImageContext, auth: RegistryAuth): Promise<AuthResponse> {
  try {
    const { registry: config, transport } = context;
    const IdentityToken = await checkLogin(auth, { config, transport });
    return { Status: "Login Succeeded", IdentityToken };
  } catch (error) {
    if (error instanceof RegistryError && (error.status === 401 || error.status === 403)) {
      const address = auth.serveraddress || "https://index.docker.io/v1/";
      const status = `${error.status} ${error.status === 401 ? "Unauthorized" : "Forbidden"}`;
      const message = `login attempt to ${address} failed with status: ${status}: ${error.message}`;
      throw new EngineError("unauthenticated", message, { cause: error });
    }
    throw error;
  }
}
