/** Wakes who signs orders and notes under mandates. */
export const MANDATES_WAKE = "mandates";
