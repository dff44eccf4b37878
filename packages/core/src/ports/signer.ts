import type { Address, Hex } from "../hex.ts";

/** EIP-712 typed data in the shape that wallets take. */
export interface TypedData {
  readonly domain: Readonly<Record<string, unknown>>;
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
}

/** A key that can sign; where it lives (file, wallet, passkey) is the adapter's business. */
export interface Signer {
  readonly address: Address;
  signTypedData(data: TypedData): Promise<Hex>;
  /** EIP-191 personal message, for Sign-In with Ethereum. */
  signMessage(message: string): Promise<Hex>;
}
