/** Wakes the relay: leases wait to be opened or settled. */
export const LEASES_WAKE = "leases";
