/** One thing that was looked at: how it is, and what to do when it is not as it should be. */
export interface Finding {
  readonly what: string;
  readonly level: "good" | "weak" | "bad";
  readonly line: string;
  readonly next?: string;
}
