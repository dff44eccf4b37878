import type { Address, Hex } from "@corepool/core/hex";
import { getAddress, numberToHex, zeroAddress, zeroHash } from "viem";
import type { TermsMessage } from "./spec.ts";

/** The arguments of a `LeaseOpened` event: four words are packed, see contracts/src/interfaces/ILeaseMarketEvents.sol. */
export interface LeaseOpenedArgs {
  readonly client: Address;
  readonly provider: Address;
  /** token << 96 | rate */
  readonly tokenRate: bigint;
  /** key << 96 | unit << 32 | seq */
  readonly keyUnitSeq: bigint;
  /** payTo << 96 | start << 48 | grace << 16 | feeBps */
  readonly payToStartGraceFee: bigint;
  /** escrow << 128 | end << 40 | maxEnd */
  readonly escrowEnds: bigint;
}

const bits = (word: bigint, from: bigint, width: bigint): bigint => (word >> from) & ((1n << width) - 1n);
const highAddress = (word: bigint): Address => getAddress(numberToHex(bits(word, 96n, 160n), { size: 20 }));

/** The terms with which a lease opened. `funded` is the `LeaseFunded` event of the same lease, when there was one. */
export function termsOfOpened(
  opened: LeaseOpenedArgs,
  funded?: { readonly funder: Address; readonly fundingRef: Hex },
): TermsMessage {
  return {
    provider: opened.provider,
    unit: String(bits(opened.keyUnitSeq, 32n, 64n)),
    seq: Number(bits(opened.keyUnitSeq, 0n, 32n)),
    client: opened.client,
    payTo: highAddress(opened.payToStartGraceFee),
    key: highAddress(opened.keyUnitSeq),
    token: highAddress(opened.tokenRate),
    rate: String(bits(opened.tokenRate, 0n, 96n)),
    escrow: String(bits(opened.escrowEnds, 128n, 128n)),
    paid: "0",
    start: Number(bits(opened.payToStartGraceFee, 48n, 40n)),
    end: Number(bits(opened.escrowEnds, 40n, 40n)),
    maxEnd: Number(bits(opened.escrowEnds, 0n, 40n)),
    closeAt: 0,
    grace: Number(bits(opened.payToStartGraceFee, 16n, 32n)),
    feeBps: Number(bits(opened.payToStartGraceFee, 0n, 16n)),
    funder: funded?.funder ?? zeroAddress,
    fundingRef: funded?.fundingRef ?? zeroHash,
  };
}
