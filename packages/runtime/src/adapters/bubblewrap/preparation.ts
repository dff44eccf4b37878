import { z } from "zod";

const delegation = z.discriminatedUnion("version", [
  z.strictObject({ version: z.literal("v1"), memory: z.string(), pids: z.string(), cpu: z.string() }),
  z.strictObject({ version: z.literal("v2"), directory: z.string() }),
]);

/**
 * What was prepared for the agent on this host: by the root supervisor, or by the agent itself as an ordinary user
 * (`ordinaryPreparation`). The supervisor hands it over as JSON.
 */
export const preparation = z.strictObject({
  version: z.literal(1),
  /** `dedicated`: the agent runs as its own system user; `operator`: as whoever started it. */
  user: z.enum(["dedicated", "operator"]),
  /** Private directory of the agent's user: run directories, filter, synthetic /etc. */
  stateDirectory: z.string().min(1),
  cgroup: delegation.nullable(),
  slots: z.array(
    z.strictObject({
      slot: z.string().regex(/^[a-z0-9_-]{1,32}$/),
      directory: z.string().min(1),
      /** Size of the file system, bytes; null for a plain directory, which is watched. */
      diskBytes: z.int().positive().nullable(),
    }),
  ),
  /** What could not be prepared, for `probeCapabilities`. */
  missing: z.array(z.strictObject({ what: z.string(), line: z.string(), fatal: z.boolean() })),
});
export type Preparation = z.infer<typeof preparation>;
