import { CorepoolError } from "@corepool/core/errors";
import { isProblemCode, PROBLEMS, type ProblemCode } from "@corepool/protocol/problems";

/** What a client does again by itself: the request was not taken, or may be sent again without harm, and waiting helps. */
const TRY_AGAIN: ReadonlySet<string> = new Set<ProblemCode>([
  "idempotency-in-progress",
  "rate-limited",
  "chain-unavailable",
  "database-unavailable",
  "coordinator-unreachable",
]);

/** Whether a call should be repeated after a pause. */
export function worthAnotherTry(error: unknown): boolean {
  return error instanceof CorepoolError && (TRY_AGAIN.has(error.code) || error.data.tryAgain === true);
}

const byStatus = (status: number): ProblemCode => {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not-found";
  if (status === 405) return "method-not-allowed";
  if (status === 413) return "body-too-large";
  if (status === 429) return "rate-limited";
  if (status === 502 || status === 503 || status === 504) return "coordinator-unreachable";
  return status >= 500 ? "internal" : "bad-request";
};

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Turns an answer that is not a success into an error with the coordinator's own code (RFC 9457). */
export async function problemOf(response: Response, what: string): Promise<CorepoolError> {
  const body = record(await response.json().catch(() => undefined));
  const code = text(body.code);
  const known = code !== undefined && isProblemCode(code) ? code : byStatus(response.status);
  const retryAfter = Number(response.headers.get("retry-after") ?? body.retryAfter ?? Number.NaN);
  return new CorepoolError(known, {
    detail: text(body.detail) ?? `${PROBLEMS[known].title} (${what}, HTTP ${response.status}).`,
    ...(text(body.next) === undefined ? {} : { next: text(body.next) as string }),
    data: {
      ...body,
      status: response.status,
      requestId: text(body.requestId) ?? response.headers.get("x-request-id") ?? undefined,
      ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}),
    },
  });
}

/** The coordinator could not be reached at all, or did not answer in time. */
export function unreachable(url: string, why: string, cause?: unknown): CorepoolError {
  return new CorepoolError("coordinator-unreachable", {
    detail: `The coordinator at ${url} did not answer: ${why}.`,
    next: "Check that it runs (corepool doctor) and that the address is right.",
    cause,
  });
}

/** The innermost message of an error: fetch hides the reason in its cause. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error) return error.cause === undefined ? error.message : reasonOf(error.cause);
  return String(error);
}
