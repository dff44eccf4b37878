import { CorepoolError } from "@corepool/core/errors";
import type { z } from "zod";
import { type Pointer, pointerOf, valueAt } from "./pointer.ts";

/** What is wrong with a field. `code` and its particulars are put into words by `useProblemText`. */
export interface FieldProblem {
  readonly pointer: Pointer;
  readonly code: string;
  /** The schema's or the coordinator's own words. */
  readonly message: string;
  readonly limit?: number | undefined;
  /** What is too large or too small: a number, a text, a list. */
  readonly of?: string | undefined;
}

/** What a schema says of a document, one problem a place. */
export function problemsOf(schema: z.ZodType, document: unknown): readonly FieldProblem[] {
  const result = schema.safeParse(document);
  if (result.success) return [];
  const found = new Map<Pointer, FieldProblem>();
  for (const issue of result.error.issues) {
    const pointer = pointerOf(issue.path);
    if (found.has(pointer)) continue;
    const { code, message } = issue;
    const limit = code === "too_small" ? Number(issue.minimum) : code === "too_big" ? Number(issue.maximum) : undefined;
    const of = code === "too_small" || code === "too_big" ? issue.origin : undefined;
    const missing = code === "invalid_type" && valueAt(document, pointer) === undefined;
    found.set(pointer, { pointer, code: missing ? "missing" : code, message, limit, of });
  }
  return [...found.values()];
}

/** What the coordinator's problem (RFC 9457) says of single fields. */
export function problemsIn(error: unknown): readonly FieldProblem[] {
  const errors = error instanceof CorepoolError ? error.data["errors"] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((each: unknown): FieldProblem[] => {
    if (each === null || typeof each !== "object") return [];
    const { pointer, message, code } = each as Record<string, unknown>;
    if (typeof pointer !== "string" || typeof message !== "string") return [];
    // A pointer may be led by where the document lies.
    return [
      { pointer: pointer.replace(/^\/body(?=\/|$)/, ""), code: typeof code === "string" ? code : "custom", message },
    ];
  });
}
