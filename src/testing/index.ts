export { type StartEngineOptions, startEngine, type TestEngine } from "./start-engine.ts";
