import { CorepoolError } from "@corepool/core/errors";
import type { Signer } from "@corepool/core/ports/signer";
import { createNonce, signIn } from "@corepool/protocol/routes/accounts";
import { createSiweMessage } from "viem/siwe";
import { call } from "./call.ts";
import type { Client } from "./client.ts";

/**
 * Signs in with a wallet (ERC-4361) and returns the session's token. Refuses a message for another host than the one
 * that is being called, so that no other site can have a sign-in made for it here.
 */
export async function signInWith(
  client: Client,
  signer: Signer,
  signal?: AbortSignal,
): Promise<{ readonly token: string; readonly expiresAt: string }> {
  const challenge = await call(client, createNonce, { body: { address: signer.address } }, { signal });
  const host = new URL(client.url).host;
  if (challenge.domain !== host || new URL(challenge.uri).host !== host) {
    throw new CorepoolError("sign-in-refused", {
      detail: `The coordinator at ${client.url} asks for a sign-in to ${challenge.domain}.`,
      next: "Call the coordinator by its public address.",
    });
  }
  const message = createSiweMessage({
    address: signer.address,
    chainId: challenge.chainId,
    domain: challenge.domain,
    nonce: challenge.nonce,
    uri: challenge.uri,
    version: "1",
    issuedAt: new Date(challenge.issuedAt),
    expirationTime: new Date(challenge.expirationTime),
  });
  const signature = await signer.signMessage(message);
  return call(client, signIn, { body: { message, signature } }, { signal });
}

/** A client that signs in by itself with the wallet when it has to, and again when the sign-in has expired. */
export function withWallet(client: Client, signer: Signer): Client {
  return {
    ...client,
    credentials: {
      token: client.credentials.token,
      renew: async (signal) => (await signInWith(client, signer, signal)).token,
    },
  };
}
