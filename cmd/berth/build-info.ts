declare const BERTH_VERSION: string | undefined;
declare const BERTH_COMMIT: string | undefined;
declare const BERTH_BUILD_TIME: string | undefined;

/** Put in by the build; a checkout that runs unbuilt has none of it. */
export const PROGRAM_VERSION = typeof BERTH_VERSION === "string" ? BERTH_VERSION : "0.1.0";
export const BUILD_COMMIT = typeof BERTH_COMMIT === "string" ? BERTH_COMMIT : "";
export const BUILD_TIME = typeof BERTH_BUILD_TIME === "string" ? BERTH_BUILD_TIME : "";
