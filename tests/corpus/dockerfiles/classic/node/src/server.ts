import { port } from "./port";
