import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { ChainWriter } from "@corepool/core/ports/chain";
import { unitRegistryAbi as abi } from "@corepool/protocol/abi/unit-registry.gen";
import { decodeAbiParameters, keccak256, size, slice, toFunctionSelector } from "viem";
import type { MarketContext } from "../market/context.ts";

const MOST_CALLS = 16;
const MOST_BYTES = 65_536;

/** What a provider may have relayed: his own registrations. Nothing of a role's is among them. */
const ALLOWED: ReadonlySet<string> = new Set(
  [
    "registerProvider",
    "updateProvider",
    "registerMachine",
    "changeAgent",
    "registerUnits",
    "updateUnits",
    "retireUnits",
  ].map((name) => {
    const item = abi.find((entry) => entry.type === "function" && entry.name === name);
    if (item === undefined || item.type !== "function") throw new Error(`UnitRegistry has no ${name}`);
    return toFunctionSelector(item);
  }),
);

/** The signed calls in a registration: abi.encode(bytes[]). Rejects with `bad-request`. */
export function callsOf(registration: Hex): readonly Hex[] {
  const refuse = (detail: string): never => {
    throw new CorepoolError("bad-request", { detail, next: "Send abi.encode(bytes[]) of calls to UnitRegistry." });
  };
  let calls: readonly Hex[];
  try {
    [calls] = decodeAbiParameters([{ type: "bytes[]" }], registration);
  } catch {
    return refuse("The registration cannot be decoded.");
  }
  if (calls.length > MOST_CALLS) refuse(`A registration has at most ${MOST_CALLS} calls.`);
  for (const call of calls) {
    if (size(call) < 4 || size(call) > MOST_BYTES) refuse("A call of the registration is empty or too long.");
    if (!ALLOWED.has(slice(call, 0, 4))) refuse("A call of the registration is none that is relayed.");
  }
  return calls;
}

/**
 * Relays registrations in order. What the registry would refuse (because it is there already, or out of date) is left
 * out, so repeating it costs nothing.
 */
export async function relayRegistration(
  context: MarketContext,
  writer: ChainWriter,
  calls: readonly Hex[],
): Promise<void> {
  for (const data of calls) {
    try {
      await context.chain.call(context.unitRegistry, data);
      await writer.send({ intent: `registry:${keccak256(data)}`, to: context.unitRegistry, data });
    } catch (error) {
      if (codeOf(error) !== "call-reverted") throw error;
    }
  }
}
