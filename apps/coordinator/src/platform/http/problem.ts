import { CorepoolError } from "@corepool/core/errors";
import { isProblemCode, PROBLEMS, type Problem, type ProblemCode } from "@corepool/protocol/problems";
import { isOutage } from "../database/outage.ts";

/** One thing wrong with a request: where (JSON pointer into the body, or `query/…`, `params/…`), what kind, in words. */
export interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** An RFC 9457 problem as it goes over the wire. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly retryable: boolean;
  readonly [member: string]: unknown;
}

/** What a client is told while the database is away. */
const AWAY = {
  code: "database-unavailable",
  message: "The coordinator's database is away for the moment. Whether the request was done is not known.",
  next: "Send the same request again, with the same Idempotency-Key where it has one.",
} as const;

/** Where each code is explained. */
const DOCS = "https://docs.corepool.dev/problems/";

/** Members of an error's `data` that stand at the top of the problem: what clients act on. */
const LIFTED = ["reasons", "relaxations", "errors", "retryAfter"] as const;

/**
 * Maps any error to a problem. Only errors of our own catalogue speak for themselves; whatever else was thrown becomes
 * `internal` with nothing of its text (it may hold SQL, paths or secrets): that goes to the log under the request id.
 */
export function problemOf(error: unknown, requestId: string): ProblemBody {
  const own =
    error instanceof CorepoolError && isProblemCode(error.code)
      ? error
      : isOutage(error)
        ? new CorepoolError(AWAY.code, { detail: AWAY.message, next: AWAY.next })
        : undefined;
  const code: ProblemCode = own !== undefined && isProblemCode(own.code) ? own.code : "internal";
  const entry: Problem = PROBLEMS[code];
  const lifted: Record<string, unknown> = {};
  const data: Record<string, unknown> = { ...own?.data };
  for (const member of LIFTED) {
    if (data[member] === undefined) continue;
    lifted[member] = data[member];
    delete data[member];
  }
  return {
    type: `${DOCS}${code}`,
    title: entry.title,
    status: entry.status,
    detail: own?.message ?? "Something broke on our side. Nothing of your request was kept unless it says otherwise.",
    ...(own === undefined ? { next: "Try again later; if it stays, report the requestId." } : {}),
    ...(own?.next === undefined ? {} : { next: own.next }),
    instance: `urn:corepool:request:${requestId}`,
    code,
    requestId,
    retryable: entry.retryable === true,
    ...lifted,
    ...(Object.keys(data).length === 0 ? {} : { data: plain(data) }),
  };
}

/** JSON cannot carry bigint: base units travel as decimal strings. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, v: unknown) => (typeof v === "bigint" ? v.toString() : v)));
}

/** A problem as an HTTP answer. */
export function problemResponse(problem: ProblemBody, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}

/** `bad-request` with every field that is wrong. */
export function badRequest(errors: readonly FieldError[]): CorepoolError {
  const first = errors[0];
  return new CorepoolError("bad-request", {
    detail:
      first === undefined
        ? "The request is malformed."
        : `${first.pointer === "" ? "The request" : first.pointer}: ${first.message}`,
    next: "Correct the fields named in errors.",
    data: { errors },
  });
}
