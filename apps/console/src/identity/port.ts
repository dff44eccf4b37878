import type { Address } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import type { Account, Transport } from "viem";

/** Where an identity's key lives. One identity at a time: a page never mixes two. */
export type IdentityKind = "wallet" | "browser-key";

/** Who uses the page. The token is the coordinator's, for this tab; it can spend nothing on chain by itself. */
export interface Identity {
  readonly kind: IdentityKind;
  readonly address: Address;
  /** What the key's home calls itself: a wallet's name. */
  readonly label: string;
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** What it takes to send transactions from the identity's account: `openChain` of the SDK takes it. */
export interface ChainAccess {
  readonly account: Account;
  readonly transport: Transport;
}

/** The port that both kinds implement, each in a chunk of its own that is loaded when it is used. */
export interface KeyHome {
  /** Signs orders, mandates and sign-ins. Every signature may ask the person; a refusal rejects. */
  readonly signer: Signer;
  readonly chainAccess: (rpcUrl: string | null, chainId: number) => Promise<ChainAccess>;
  /** Calls when the wallet turned to another account or went away; returns how to stop listening. */
  readonly onGone: (gone: () => void) => () => void;
}

/** A wallet that announced itself (EIP-6963). */
export interface FoundWallet {
  readonly id: string;
  readonly name: string;
  /** A data: image of the wallet's own. */
  readonly icon: string | undefined;
}
