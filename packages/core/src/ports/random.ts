/** Randomness, injected: production draws from the system, the simulation from a seed. */
export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Uint8Array;
}
