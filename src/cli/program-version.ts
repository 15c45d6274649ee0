declare const BERTH_VERSION: string | undefined;
declare const BERTH_COMMIT: string | undefined;
declare const BERTH_BUILD_TIME: string | undefined;

/** What the build put into the binary; a checkout that runs as it is says `dev`. */
export const PROGRAM_VERSION = typeof BERTH_VERSION === "string" ? BERTH_VERSION : "0.1.0";
export const PROGRAM_COMMIT = typeof BERTH_COMMIT === "string" ? BERTH_COMMIT : "dev";
export const PROGRAM_BUILD_TIME = typeof BERTH_BUILD_TIME === "string" ? BERTH_BUILD_TIME : "";
