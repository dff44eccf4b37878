/**
 * The catalogue of problems: one code, one meaning, over HTTP (RFC 9457), on the agent's wire and in the command line.
 * `status` is the HTTP status, `exit` the exit code of the command line, `retryable` whether the same request may
 * succeed later without a change.
 */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly exit: number;
  readonly retryable?: true;
}

/** Exit codes of `corepool`: 0 success; 1 the workload failed; the rest by kind of problem. */
export const EXIT = {
  ok: 0,
  workloadFailed: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  money: 5,
  notFound: 6,
  machine: 7,
  internal: 70,
  interrupted: 130,
} as const;

export const PROBLEMS = {
  "bad-request": { title: "The request is malformed", status: 400, exit: EXIT.usage },
  "bad-amount": { title: "Not an amount", status: 400, exit: EXIT.usage },
  "bad-usage": { title: "The command line is wrong", status: 400, exit: EXIT.usage },
  "bad-cursor": { title: "The cursor does not belong to this list", status: 400, exit: EXIT.usage },
  "idempotency-key-missing": { title: "An Idempotency-Key header is required", status: 400, exit: EXIT.usage },
  "idempotency-key-reused": {
    title: "The Idempotency-Key was used for another request",
    status: 422,
    exit: EXIT.usage,
  },
  "idempotency-in-progress": {
    title: "The first request with this Idempotency-Key is still running",
    status: 409,
    exit: EXIT.refused,
    retryable: true,
  },
  unauthenticated: { title: "Sign in first", status: 401, exit: EXIT.refused },
  forbidden: { title: "This key may not do that", status: 403, exit: EXIT.refused },
  "spend-cap-reached": { title: "The API key's spend cap is reached", status: 403, exit: EXIT.money },
  "sign-in-refused": { title: "The sign-in message is not acceptable", status: 401, exit: EXIT.refused },
  "not-found": { title: "No such thing", status: 404, exit: EXIT.notFound },
  "method-not-allowed": { title: "The method is not allowed here", status: 405, exit: EXIT.usage },
  "request-timeout": {
    title: "The request did not arrive in time",
    status: 408,
    exit: EXIT.unreachable,
    retryable: true,
  },
  "headers-too-large": { title: "The headers are too large", status: 431, exit: EXIT.usage },
  "body-too-large": { title: "The body is too large", status: 413, exit: EXIT.usage },
  "unsupported-media-type": { title: "The body must be application/json", status: 415, exit: EXIT.usage },
  "rate-limited": { title: "Too many requests", status: 429, exit: EXIT.refused, retryable: true },
  "too-many-connections": { title: "Too many connections", status: 429, exit: EXIT.refused, retryable: true },
  "no-placement": { title: "No machine can run this now", status: 409, exit: EXIT.refused, retryable: true },
  "illegal-transition": { title: "Not possible in its present state", status: 409, exit: EXIT.refused },
  "bad-signature": { title: "The signature does not match", status: 422, exit: EXIT.refused },
  "wrong-chain": { title: "Signed for another chain or contract", status: 422, exit: EXIT.refused },
  "order-mismatch": { title: "The order does not accept the placed offer", status: 422, exit: EXIT.refused },
  "order-expired": { title: "The order has expired", status: 422, exit: EXIT.refused },
  "order-replayed": { title: "The order's nonce was used before", status: 409, exit: EXIT.refused },
  "offer-gone": { title: "The offer is no longer open", status: 409, exit: EXIT.refused, retryable: true },
  "offer-invalid": { title: "The offer is not acceptable", status: 422, exit: EXIT.refused },
  "no-faucet": { title: "There are no test funds here", status: 409, exit: EXIT.refused },
  "faucet-empty": { title: "The faucet has given enough for today", status: 429, exit: EXIT.refused, retryable: true },
  "insufficient-funds": { title: "Not enough cash on the ledger", status: 409, exit: EXIT.money },
  "lease-open-failed": { title: "The lease could not be opened", status: 409, exit: EXIT.money, retryable: true },
  "lease-not-open": { title: "The lease is not open", status: 409, exit: EXIT.refused },
  "note-too-small": { title: "A payment note must not go down", status: 422, exit: EXIT.money },
  "note-too-large": { title: "The payment note exceeds what the lease can owe", status: 422, exit: EXIT.money },
  "mandate-exceeded": { title: "The mandate does not cover this", status: 422, exit: EXIT.refused },
  "machine-unreachable": { title: "The machine did not answer", status: 504, exit: EXIT.machine, retryable: true },
  "probe-refused": { title: "The sandbox gave a wrong answer", status: 502, exit: EXIT.machine },
  "agent-refused": { title: "The agent refused the assignment", status: 409, exit: EXIT.machine },
  "blob-not-found": { title: "No such blob", status: 404, exit: EXIT.notFound },
  "blob-corrupt": { title: "The stored blob is damaged", status: 500, exit: EXIT.internal },
  "range-not-satisfiable": { title: "The range lies outside of the blob", status: 416, exit: EXIT.usage },
  "blob-hash-mismatch": { title: "The bytes do not match the name", status: 422, exit: EXIT.usage },
  "blob-offset-mismatch": { title: "The upload must go on where it stopped", status: 409, exit: EXIT.usage },
  "blob-too-large": { title: "The blob is too large", status: 413, exit: EXIT.usage },
  "blob-quota-reached": { title: "The account's room for blobs is used up", status: 403, exit: EXIT.refused },
  "blob-store-full": { title: "The blob store is full", status: 507, exit: EXIT.refused, retryable: true },
  "blob-store-unavailable": {
    title: "The blob store did not answer",
    status: 503,
    exit: EXIT.unreachable,
    retryable: true,
  },
  "path-escape": { title: "The path leaves its folder", status: 422, exit: EXIT.usage },
  "machine-weak": { title: "This market takes no machine with this weakness", status: 422, exit: EXIT.machine },
  "sandbox-unavailable": { title: "This machine cannot run a sandbox", status: 503, exit: EXIT.machine },
  "sandbox-failed": { title: "The sandbox could not be started", status: 500, exit: EXIT.machine },
  "sandbox-gone": { title: "The sandbox is no longer there", status: 410, exit: EXIT.machine },
  "chain-unavailable": { title: "The chain node did not answer", status: 503, exit: EXIT.unreachable, retryable: true },
  "database-unavailable": {
    title: "The coordinator's database did not answer",
    status: 503,
    exit: EXIT.unreachable,
    retryable: true,
  },
  "call-reverted": { title: "The contract refused", status: 422, exit: EXIT.money },
  "deployment-mismatch": { title: "The deployment is not of this chain and build", status: 500, exit: EXIT.machine },
  "coordinator-unreachable": {
    title: "The coordinator did not answer",
    status: 503,
    exit: EXIT.unreachable,
    retryable: true,
  },
  "not-ready": { title: "Not ready yet", status: 409, exit: EXIT.unreachable, retryable: true },
  "port-in-use": { title: "A port is taken", status: 500, exit: EXIT.machine },
  "setup-failed": { title: "This machine lacks something", status: 500, exit: EXIT.machine },
  "already-running": { title: "A market is already running here", status: 409, exit: EXIT.refused },
  "not-running": { title: "No market is running here", status: 409, exit: EXIT.unreachable },
  "receipt-mismatch": { title: "The receipt does not match the chain", status: 422, exit: EXIT.money },
  interrupted: { title: "Interrupted", status: 499, exit: EXIT.interrupted },
  internal: { title: "Something broke on our side", status: 500, exit: EXIT.internal },
} as const satisfies Readonly<Record<string, Problem>>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
