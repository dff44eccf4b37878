import { CorepoolError } from "@corepool/core/errors";
import { EXIT, isProblemCode, PROBLEMS } from "@corepool/protocol/problems";
import { refusal, relaxation } from "@corepool/protocol/resources";
import { z } from "zod";
import type { Output } from "./output.ts";
import { toJson } from "./output.ts";

const SHOWN_REFUSALS = 12;

interface Failure {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly next: string | undefined;
  readonly requestId: string | undefined;
  readonly reasons: readonly z.infer<typeof refusal>[];
  readonly relaxations: readonly z.infer<typeof relaxation>[];
  readonly exit: number;
}

function failureOf(error: unknown): Failure {
  if (error instanceof CorepoolError) {
    const known = isProblemCode(error.code) ? PROBLEMS[error.code] : PROBLEMS.internal;
    const nested = z.object({ data: z.object({}).loose() }).safeParse(error.data).data?.data ?? {};
    const field = (name: string): unknown => error.data[name] ?? nested[name];
    return {
      code: error.code,
      title: known.title,
      detail: error.message,
      next: error.next,
      requestId: typeof error.data.requestId === "string" ? error.data.requestId : undefined,
      reasons: z.array(refusal).safeParse(field("reasons")).data ?? [],
      relaxations: z.array(relaxation).safeParse(field("relaxations")).data ?? [],
      exit: known.exit,
    };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    title: PROBLEMS.internal.title,
    detail,
    next: "Please report this with the command you ran.",
    requestId: undefined,
    reasons: [],
    relaxations: [],
    exit: EXIT.internal,
  };
}

/** A refused API key looks to the coordinator like a sign-in that is over; who set it wants to hear of the key. */
export function aboutApiKey(error: unknown, env: Readonly<Record<string, string | undefined>>): unknown {
  if (!(error instanceof CorepoolError) || error.code !== "unauthenticated" || env.COREPOOL_API_KEY === undefined)
    return error;
  return new CorepoolError("unauthenticated", {
    detail: "COREPOOL_API_KEY is not a key of this market: it is misspelt, revoked or expired, or of another one.",
    next: "Make a key with: corepool keys create (without COREPOOL_API_KEY in the environment), or unset it to use the wallet.",
    data: error.data,
    cause: error,
  });
}

/** Tells what went wrong, why and what to do next; returns the exit code for it. */
export function reportFailure(error: unknown, output: Output, stderr: NodeJS.WritableStream): number {
  const failure = failureOf(error);
  output.status(undefined);
  if (output.json) {
    stderr.write(`${toJson({ type: "error", error: failure })}\n`);
    return failure.exit;
  }
  const lines = [
    `${output.bad("✗")} ${output.bold(failure.title)} ${output.dim(`(${failure.code})`)}`,
    `  ${failure.detail}`,
  ];
  // A unit is offered in several tokens; what it lacks is said once.
  const said = [
    ...new Set(
      failure.reasons.map(
        (r) =>
          `  · unit ${r.unit} of machine ${r.machine.slice(0, 10)}…: ${r.dimension}: asked ${r.asked}, has ${r.had}`,
      ),
    ),
  ];
  lines.push(...said.slice(0, SHOWN_REFUSALS));
  if (said.length > SHOWN_REFUSALS) lines.push(`  · and ${said.length - SHOWN_REFUSALS} more`);
  for (const change of failure.relaxations)
    lines.push(`  → ${change.change} (then ${change.offers} ${change.offers === 1 ? "offer fits" : "offers fit"})`);
  // The smallest change is the first of those above: said once.
  const smallest = failure.relaxations[0];
  if (failure.next !== undefined && (smallest === undefined || !failure.next.includes(smallest.change)))
    lines.push(`  → ${failure.next}`);
  if (failure.requestId !== undefined) lines.push(output.dim(`  request ${failure.requestId}`));
  stderr.write(`${lines.join("\n")}\n`);
  if (!(error instanceof CorepoolError) && error instanceof Error && process.env.COREPOOL_DEBUG !== undefined)
    stderr.write(`${error.stack}\n`);
  return failure.exit;
}
