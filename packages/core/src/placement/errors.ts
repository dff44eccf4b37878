import { CorepoolError } from "../errors.ts";

/** What placement is asked makes no sense: nothing has changed. */
export const bad = (detail: string, next: string, data: Readonly<Record<string, unknown>> = {}): CorepoolError =>
  new CorepoolError("bad-request", { detail, next, data });
