import type { Lease } from "../market/documents.ts";

/** What a lease has before anything was paid, sent or proven under it. */
export const UNPAID = {
  noteTotal: 0n,
  noteSignature: null,
  noteOver: null,
  close: null,
  batch: null,
  openBatch: null,
  tries: 0,
  provenMs: 0,
  lastAnswer: null,
} as const satisfies Partial<Lease>;
