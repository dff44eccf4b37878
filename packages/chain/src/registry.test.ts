import type { Address, Hex } from "@corepool/core/hex";
import { unitRegistryAbi as abi } from "@corepool/protocol/abi/unit-registry.gen";
import { digestOf } from "@corepool/protocol/eip712";
import {
  type RegistryAction,
  registryActionCalldata,
  registryActionData,
} from "@corepool/protocol/market/registry-signing";
import { createPublicClient, http, keccak256, toHex, zeroHash } from "viem";
import { sign } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TempMarket, tempMarket } from "./testing/temp-market.ts";

const MACHINE = keccak256(toHex("machine"));
const SPEC = keccak256(toHex("spec"));
const DEADLINE = 4_000_000_000;

let market: TempMarket;
let registry: Address;
beforeAll(async () => {
  market = await tempMarket();
  registry = market.deployment.unitRegistry;
});
afterAll(() => market.end());

async function signed(action: RegistryAction, nonce: bigint): Promise<Hex> {
  const data = registryActionData({ chainId: market.domain.chainId, registry }, action, nonce, DEADLINE);
  const signature = await sign({ hash: digestOf(data), privateKey: market.provider.key, to: "hex" });
  return registryActionCalldata(action, { deadline: DEADLINE, signature });
}

describe("actions of a provider that others send", () => {
  it("are accepted by the registry, each by its own type", async () => {
    const { provider, relayer, client } = market;
    const units = [1n, 2n].map((unit) => ({ unit, machine: MACHINE, spec: SPEC }));
    const actions: readonly RegistryAction[] = [
      { type: "RegisterProvider", provider: provider.address, payout: client.address, metadata: SPEC },
      { type: "UpdateProvider", provider: provider.address, payout: relayer.address, metadata: zeroHash },
      { type: "RegisterMachine", provider: provider.address, machine: MACHINE, agent: provider.address },
      { type: "ChangeAgent", provider: provider.address, machine: MACHINE, agent: client.address },
      { type: "RegisterUnits", provider: provider.address, units },
      { type: "UpdateUnits", provider: provider.address, units },
      { type: "RetireUnits", provider: provider.address, units: [2n] },
    ];
    for (const [nonce, action] of actions.entries())
      await market.act(relayer, registry, await signed(action, BigInt(nonce)));

    const chain = createPublicClient({ transport: http(market.chain.rpcUrl) });
    const read = { address: registry, abi } as const;
    const live = (unit: bigint) =>
      chain.readContract({ ...read, functionName: "isLive", args: [provider.address, unit] });
    expect([await live(1n), await live(2n)]).toEqual([true, false]);
    expect(await chain.readContract({ ...read, functionName: "providerOf", args: [provider.address] })).toMatchObject({
      payout: relayer.address,
    });
    expect(
      await chain.readContract({ ...read, functionName: "machineOf", args: [provider.address, MACHINE] }),
    ).toMatchObject({ agent: client.address });

    await market.act(
      relayer,
      registry,
      await signed({ type: "RetireMachine", provider: provider.address, machine: MACHINE }, 7n),
    );
    expect(await live(1n)).toBe(false);
  });

  it("are refused without the signature, and a second time", async () => {
    const { provider, relayer } = market;
    const action: RegistryAction = {
      type: "UpdateProvider",
      provider: provider.address,
      payout: relayer.address,
      metadata: SPEC,
    };
    await expect(market.act(relayer, registry, registryActionCalldata(action))).rejects.toThrow();
    await expect(market.act(relayer, registry, await signed(action, 1n))).rejects.toThrow();
    await market.act(provider, registry, registryActionCalldata(action));
  });
});
