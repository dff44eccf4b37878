import { CorepoolError } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import type { MachineRecord } from "@corepool/core/ports/store";
import { agentHelloData, digestOf, machineId } from "@corepool/protocol/eip712";
import { publicKeyToAddress } from "viem/utils";
import { lower, type MarketContext } from "../market/context.ts";
import type { Uow } from "../market/documents.ts";
import { isSignedByKey } from "../market/signatures.ts";
import { tellPresence } from "./presence.ts";

/** What an agent says of itself when it connects. */
export interface Hello {
  readonly provider: Address;
  readonly machine: Hex;
  readonly salt: Hex;
  readonly signature: Hex;
  readonly publicKey: Hex;
  readonly agentVersion: string;
}

function refuse(detail: string): never {
  throw new CorepoolError("unauthenticated", {
    detail,
    next: "Sign the challenge with the provider's key, for this chain and market.",
  });
}

function addressOf(publicKey: Hex): Address | undefined {
  try {
    return /^0x04[0-9a-fA-F]{128}$/.test(publicKey) ? publicKeyToAddress(publicKey) : undefined;
  } catch {
    // Not a point of the curve.
    return undefined;
  }
}

/**
 * Whether the agent speaks for the provider (it signed this connection's nonce) and the machine is one of his (its id
 * commits to him). Rejects with `unauthenticated`.
 */
export async function checkHello(context: MarketContext, nonce: Hex, hello: Hello): Promise<void> {
  const owner = addressOf(hello.publicKey);
  if (owner === undefined || !sameAddress(owner, hello.provider)) refuse("The public key is not the provider's.");
  if (machineId(hello.provider, hello.salt) !== lower(hello.machine)) {
    throw new CorepoolError("unauthenticated", {
      detail: "The machine's id is not made of this provider and the salt.",
      next: "Start an agent of this version: it makes the id of its own home.",
    });
  }
  const digest = digestOf(agentHelloData(context.domain, hello.provider, hello.machine, nonce));
  if (!(await isSignedByKey(hello.provider, digest, hello.signature)))
    refuse("The hello is not signed by the provider.");
}

/** Notes the new connection of a checked agent; its epoch outdates every older one. */
export async function connectMachine(uow: Uow, context: MarketContext, hello: Hello): Promise<MachineRecord> {
  const id = lower(hello.machine);
  const provider = lower(hello.provider);
  await uow.lock(`machine:${id}`);
  const known = await uow.machines.lock(id);
  const now = context.clock.now();
  const machine: MachineRecord = {
    id,
    provider,
    publicKey: hello.publicKey,
    agentVersion: hello.agentVersion,
    epoch: (known?.epoch ?? 0) + 1,
    online: true,
    lastSeenAt: now,
    registeredAt: known?.registeredAt ?? now,
  };
  await uow.machines.put(machine);
  if (known?.online !== true) await tellPresence(uow, machine, true, now);
  return machine;
}
