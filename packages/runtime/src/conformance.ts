import { abuseCases } from "./conformance/abuse-run.ts";
import { boundsCases } from "./conformance/bounds.ts";
import { escapeCases } from "./conformance/escape.ts";
import type { Case } from "./conformance/kit.ts";
import { lifeCases } from "./conformance/life.ts";
import { secretCases } from "./conformance/secrets.ts";

/**
 * What every adapter of the `Runtime` port must do, as plain functions: they run in a process of the user that the
 * adapter needs, not in the test runner's.
 */
export const conformanceCases: readonly Case[] = [
  ...lifeCases,
  ...boundsCases,
  ...escapeCases,
  ...secretCases,
  ...abuseCases,
];
