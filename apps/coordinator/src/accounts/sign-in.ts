import { createHash } from "node:crypto";
import { CorepoolError, codeOf } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress, toHex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import { decodeAbiParameters, encodeFunctionData, getAddress, hashMessage, recoverMessageAddress } from "viem";
import type { Database } from "../platform/database/database.ts";
import { readSignInMessage } from "./sign-in-message.ts";
import { MESSAGE_LIFE_MS, refusalOf, type SignInPlace } from "./sign-in-rules.ts";

/** ERC-1271: what a contract answers when it holds a signature for its own. */
const MAGIC = "0x1626ba7e";
const IS_VALID_SIGNATURE = [
  {
    type: "function",
    name: "isValidSignature",
    stateMutability: "view",
    inputs: [
      { name: "hash", type: "bytes32" },
      { name: "signature", type: "bytes" },
    ],
    outputs: [{ name: "", type: "bytes4" }],
  },
] as const;

const refused = (why: string) =>
  new CorepoolError("sign-in-refused", {
    detail: `The sign-in message is refused: ${why}.`,
    next: "Get a fresh nonce (POST /v1/auth/nonce) and sign the message it describes.",
  });

/** What a wallet needs to write its message. */
export interface Nonce {
  readonly nonce: string;
  readonly domain: string;
  readonly uri: string;
  readonly chainId: number;
  readonly issuedAt: string;
  readonly expirationTime: string;
}

export interface SignInParts {
  readonly database: Database;
  readonly chain: ChainReader;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the market is reached: the first is its own, the others go by other names. */
  readonly places: readonly [SignInPlace, ...SignInPlace[]];
}

const hashOf = (nonce: string) => createHash("sha256").update(nonce).digest();

/** Sign-In with Ethereum (ERC-4361): proof that the caller holds an account. */
export class SignIn {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /**
   * Makes a nonce of 256 bits for one account. Only its hash is kept, for ten minutes. A page of one of our origins is
   * told that one, since a wallet shows and checks the origin that it is asked from.
   */
  async createNonce(address: Address, origin?: string): Promise<Nonce> {
    const { database, clock, random, places } = this.#parts;
    const place = places.find(({ uri }) => new URL(uri).origin === origin) ?? places[0];
    const nonce = toHex(random.bytes(32));
    const issuedAt = new Date(clock.now());
    const expiresAt = new Date(issuedAt.getTime() + MESSAGE_LIFE_MS);
    await database.reader
      .insertInto("sign_in_nonces")
      .values({ nonce_hash: hashOf(nonce), address: getAddress(address), issued_at: issuedAt, expires_at: expiresAt })
      .execute();
    return { nonce, ...place, issuedAt: issuedAt.toISOString(), expirationTime: expiresAt.toISOString() };
  }

  /**
   * The account (lower case) that signed the message. A nonce is good for one try: of any number of concurrent repeats
   * one gets through. Rejects with `sign-in-refused`, or `chain-unavailable` when a contract account cannot be asked.
   */
  async verify(text: string, signature: Hex): Promise<Address> {
    const { places, clock } = this.#parts;
    const message = readSignInMessage(text);
    if (message === undefined) throw refused("it is not written as ERC-4361 demands");
    const place = places.find(({ domain }) => domain === message.domain) ?? places[0];
    const why = refusalOf(message, place, clock.now());
    if (why !== undefined) throw refused(why);
    await this.#consume(message.nonce, message.address);
    if (!(await this.#signedBy(message.address, text, signature))) throw refused("the signature is not of its account");
    return message.address.toLowerCase() as Address;
  }

  /** Drops nonces that nobody can use any more. */
  async forgetExpired(): Promise<void> {
    const { database, clock } = this.#parts;
    await database.reader.deleteFrom("sign_in_nonces").where("expires_at", "<=", new Date(clock.now())).execute();
  }

  async #consume(nonce: string, address: Address): Promise<void> {
    const { database, clock } = this.#parts;
    const row = await database.reader
      .deleteFrom("sign_in_nonces")
      .where("nonce_hash", "=", hashOf(nonce))
      .where("address", "=", address)
      .returning("expires_at")
      .executeTakeFirst();
    if (row === undefined) throw refused("its nonce was never given to this account, or was used before");
    if (row.expires_at.getTime() <= clock.now()) throw refused("its nonce has expired");
  }

  /** An ordinary key first; then the account may be a contract (ERC-1271), which also covers EIP-7702. */
  async #signedBy(address: Address, text: string, signature: Hex): Promise<boolean> {
    const signer = await recoverMessageAddress({ message: text, signature }).catch(() => undefined);
    if (signer !== undefined && sameAddress(signer, address)) return true;
    const data = encodeFunctionData({
      abi: IS_VALID_SIGNATURE,
      functionName: "isValidSignature",
      args: [hashMessage(text), signature],
    });
    try {
      const [answer] = decodeAbiParameters([{ type: "bytes4" }], await this.#parts.chain.call(address, data));
      return answer === MAGIC;
    } catch (error) {
      if (codeOf(error) === "chain-unavailable") throw error;
      return false;
    }
  }
}
