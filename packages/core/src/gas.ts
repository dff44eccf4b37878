/**
 * Three checkpoints. A token whose votes go by the second writes over its last checkpoint within that second (5,000 gas),
 * and a second later writes a new one (22,100 gas, EIP-2929): of the supply, of who gives and of who gets.
 */
const CHECKPOINTS = 66_300n;

/**
 * The gas that a transaction is given for what a node has estimated. What it needs in its block may be more: the estimate
 * goes by the second in which it is made, and by what others have written until then. Wide, because a batch that skips what
 * fails also "succeeds" with too little. What is not used costs nothing.
 */
export function gasLimit(estimate: bigint): bigint {
  return estimate + estimate / 2n + CHECKPOINTS;
}
