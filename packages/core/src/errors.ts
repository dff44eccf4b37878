/** What a failure says to the person who meets it: what happened, why, and what to do next. */
export interface ErrorDetails {
  /** One sentence: what happened and why. */
  readonly detail: string;
  /** One sentence: what to do next. */
  readonly next?: string;
  /** Machine-readable particulars: reasons for a refusal, limits, the offending field. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class of Corepool. `code` is a key of the problem catalogue in `@corepool/protocol/problems`, and is
 * the same over HTTP, on the agent's wire and in the command line.
 */
export class CorepoolError extends Error {
  readonly code: string;
  readonly next: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: string, details: ErrorDetails) {
    super(details.detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "CorepoolError";
    this.code = code;
    this.next = details.next;
    this.data = details.data ?? {};
  }
}

/** The code of an error if it is one of ours, else undefined. Recognises errors from duplicate copies of this module. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && error.name === "CorepoolError" && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return undefined;
}
