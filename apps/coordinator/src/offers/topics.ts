/** Wakes who looks at the market: what is offered, or who is there to serve it, has changed. */
export const OFFERS_WAKE = "offers";
