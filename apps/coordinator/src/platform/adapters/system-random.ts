import { randomBytes } from "node:crypto";
import type { Random } from "@corepool/core/ports/random";

/** The system's own source of unpredictable bytes. */
export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
