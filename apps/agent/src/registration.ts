import type { Address, Hex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { Signer, TypedData } from "@corepool/core/ports/signer";
import { unitRegistryAbi as abi } from "@corepool/protocol/abi/unit-registry.gen";
import { documentHash } from "@corepool/protocol/eip712";
import {
  type RegistryAuth,
  type RegistryUnit,
  registerMachineCalldata,
  registerProviderCalldata,
  registerUnitsCalldata,
  updateUnitsCalldata,
} from "@corepool/protocol/market/registry";
import type { UnitSpec } from "@corepool/protocol/spec";
import { decodeFunctionResult, encodeAbiParameters, encodeFunctionData, zeroAddress, zeroHash } from "viem";

export interface RegistrationSettings {
  readonly chainId: number;
  readonly registry: Address;
  readonly provider: Address;
  readonly payTo: Address;
  readonly machine: Hex;
}

/** How long the coordinator may take to relay, seconds. */
const VALID_SECONDS = 3_600;
/** The registry takes at most this many units in one call. */
const UNITS_AT_ONCE = 128;

const f = (name: string, type: string) => ({ name, type });
const UNIT = [f("unit", "uint64"), f("machine", "bytes32"), f("spec", "bytes32")];
const LAST = [f("nonce", "uint256"), f("deadline", "uint40")];
const TYPES = {
  RegisterProvider: [f("provider", "address"), f("payout", "address"), f("metadata", "bytes32"), ...LAST],
  RegisterMachine: [f("provider", "address"), f("machine", "bytes32"), f("agent", "address"), ...LAST],
  RegisterUnits: [f("provider", "address"), f("units", "Unit[]"), ...LAST],
  UpdateUnits: [f("provider", "address"), f("units", "Unit[]"), ...LAST],
} as const;

/**
 * The signed calls that put this provider, machine and its units on record, in order, as abi.encode(bytes[]); undefined
 * when the chain has them all. Anyone may relay them; they move no money.
 */
export async function registrationOf(
  units: readonly UnitSpec[],
  settings: RegistrationSettings | undefined,
  chain: Pick<ChainReader, "call">,
  signer: Signer,
  now: number,
): Promise<Hex | undefined> {
  if (settings === undefined) return undefined;
  const { registry, provider, machine, payTo } = settings;
  const read = (data: Hex) => chain.call(registry, data);
  const known = decodeFunctionResult({
    abi,
    functionName: "providerOf",
    data: await read(encodeFunctionData({ abi, functionName: "providerOf", args: [provider] })),
  });
  const knownMachine = decodeFunctionResult({
    abi,
    functionName: "machineOf",
    data: await read(encodeFunctionData({ abi, functionName: "machineOf", args: [provider, machine] })),
  });
  const fresh: RegistryUnit[] = [];
  const changed: RegistryUnit[] = [];
  const there = await Promise.all(
    units.map(async ({ unit }) => {
      const data = await read(encodeFunctionData({ abi, functionName: "unitOf", args: [provider, BigInt(unit)] }));
      return decodeFunctionResult({ abi, functionName: "unitOf", data });
    }),
  );
  for (const [i, spec] of units.entries()) {
    const unit = { unit: BigInt(spec.unit), machine, spec: documentHash(spec) };
    const known = there[i];
    if (known === undefined || known.machine === zeroHash) fresh.push(unit);
    else if (known.machine !== machine || known.spec !== unit.spec) changed.push(unit);
  }
  const nonces = await read(encodeFunctionData({ abi, functionName: "nonces", args: [provider] }));
  let nonce = decodeFunctionResult({ abi, functionName: "nonces", data: nonces });
  const deadline = now + VALID_SECONDS;
  const sign = async (
    primaryType: keyof typeof TYPES,
    fields: Readonly<Record<string, unknown>>,
  ): Promise<RegistryAuth> => {
    const message = { provider, ...fields, nonce: nonce++, deadline };
    return { deadline, signature: await signer.signTypedData(typed(settings, primaryType, message)) };
  };

  const calls: Hex[] = [];
  if (known.payout === zeroAddress) {
    const auth = await sign("RegisterProvider", { payout: payTo, metadata: zeroHash });
    calls.push(registerProviderCalldata(provider, payTo, zeroHash, auth));
  }
  if (knownMachine.agent === zeroAddress) {
    const auth = await sign("RegisterMachine", { machine, agent: provider });
    calls.push(registerMachineCalldata(provider, machine, provider, auth));
  }
  for (const some of portions(fresh)) {
    calls.push(registerUnitsCalldata(provider, some, await sign("RegisterUnits", { units: some })));
  }
  for (const some of portions(changed)) {
    calls.push(updateUnitsCalldata(provider, some, await sign("UpdateUnits", { units: some })));
  }
  return calls.length === 0 ? undefined : encodeAbiParameters([{ type: "bytes[]" }], [calls]);
}

function typed(
  settings: RegistrationSettings,
  primaryType: keyof typeof TYPES,
  message: Record<string, unknown>,
): TypedData {
  const { chainId, registry } = settings;
  return {
    domain: { name: "Corepool UnitRegistry", version: "1", chainId, verifyingContract: registry },
    types: { [primaryType]: TYPES[primaryType], ...("units" in message ? { Unit: UNIT } : {}) },
    primaryType,
    message,
  };
}

function portions<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / UNITS_AT_ONCE) }, (_, i) =>
    list.slice(i * UNITS_AT_ONCE, (i + 1) * UNITS_AT_ONCE),
  );
}
