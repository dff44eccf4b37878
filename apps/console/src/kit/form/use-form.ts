import { useRef, useState } from "react";
import type { z } from "zod";
import { covers, type Pointer, valueAt, withValueAt } from "./pointer.ts";
import { type FieldProblem, problemsIn, problemsOf } from "./problems.ts";

/** A form over a document of a route. Fields name their places by pointers. */
export interface Form<T> {
  /** The document as it stands, perhaps not yet valid. */
  readonly document: Partial<T>;
  readonly get: (pointer: Pointer) => unknown;
  readonly set: (pointer: Pointer, value: unknown) => void;
  /** The problem to show at a field: after it was left, or after a try to send. */
  readonly problemAt: (pointer: Pointer) => FieldProblem | undefined;
  readonly leave: (pointer: Pointer) => void;
  readonly valid: boolean;
  readonly busy: boolean;
  /** A failure that no field answers for. */
  readonly failure: unknown;
  readonly submit: () => Promise<void>;
  readonly reset: () => void;
}

/**
 * A form whose rules are the route's own schema: nothing is sent that the coordinator would refuse as malformed, and
 * what it refuses nevertheless is shown at the field that it names.
 * @param send gets the document; it rejects when it failed
 */
export function useForm<S extends z.ZodType>(options: {
  readonly schema: S;
  readonly initial: Partial<z.input<S>>;
  readonly send: (document: z.input<S>) => Promise<unknown>;
}): Form<z.input<S>> {
  const { schema, initial, send } = options;
  const [document, setDocument] = useState<Partial<z.input<S>>>(initial);
  const [left, setLeft] = useState<ReadonlySet<Pointer> | "all">(new Set());
  const [refused, setRefused] = useState<readonly FieldProblem[]>([]);
  const [failure, setFailure] = useState<unknown>(undefined);
  const [busy, setBusy] = useState(false);
  const sending = useRef(false);
  const problems = problemsOf(schema, document);
  return {
    document,
    get: (pointer) => valueAt(document, pointer),
    set: (pointer, value) => {
      setDocument((now) => withValueAt(now, pointer, value));
      setRefused((now) => now.filter((problem) => !covers(pointer, problem.pointer)));
      setFailure(undefined);
    },
    problemAt: (pointer) => {
      const here = (problem: FieldProblem) => covers(pointer, problem.pointer);
      return refused.find(here) ?? (left === "all" || left.has(pointer) ? problems.find(here) : undefined);
    },
    leave: (pointer) => setLeft((now) => (now === "all" || now.has(pointer) ? now : new Set([...now, pointer]))),
    valid: problems.length === 0,
    busy,
    failure,
    submit: async () => {
      setLeft("all");
      if (problems.length > 0 || sending.current) return;
      sending.current = true;
      setBusy(true);
      setFailure(undefined);
      try {
        await send(document as z.input<S>);
      } catch (error) {
        const atFields = problemsIn(error);
        setRefused(atFields);
        if (atFields.length === 0) setFailure(error);
      } finally {
        sending.current = false;
        setBusy(false);
      }
    },
    reset: () => {
      setDocument(initial);
      setLeft(new Set());
      setRefused([]);
      setFailure(undefined);
    },
  };
}
