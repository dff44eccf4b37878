import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Address, Hex } from "@corepool/core/hex";
import { accessManagerAbi } from "@corepool/protocol/abi/access-manager.gen";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import type { MarketDomain } from "@corepool/protocol/eip712";
import { encodeDeployData, encodeFunctionData, keccak256, numberToHex, toBytes } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { type Node, startNode } from "./node.ts";

/** What one transaction cost. */
export interface Cost {
  readonly gas: number;
  readonly hash: Hex;
}

/** A market with GP listed at a fee of 5 %, on a chain of its own. */
export interface World {
  readonly node: Node;
  readonly domain: MarketDomain;
  readonly gp: Address;
  /** Sends from an impersonated account and fails unless the transaction succeeds. */
  send(from: Address, to: Address, data: Hex): Promise<Cost>;
  /** Gives the account that much cash on the ledger. */
  fund(account: Address, amount: bigint): Promise<void>;
  /** Storage slots that were zero before the transaction and are not after it. */
  createdSlots(hash: Hex): Promise<number>;
  now(): Promise<number>;
}

/** Keys are derived from names, so addresses and signatures are the same in every run. */
export const actor = (name: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`corepool gas ${name}`)));

const artefact = (name: string): Hex =>
  (JSON.parse(readFileSync(join(import.meta.dirname, "..", "artifacts", `${name}.json`), "utf8")) as { bytecode: Hex })
    .bytecode;

export const CLOSE_WINDOW = 1800;

export async function startWorld(): Promise<World> {
  const node = await startNode();
  const admin = actor("admin").address;
  const impersonated = new Set<Address>();

  const submit = async (from: Address, to: Address | undefined, data: Hex) => {
    if (!impersonated.has(from)) {
      await node.rpc("anvil_impersonateAccount", [from]);
      impersonated.add(from);
    }
    const hash = await node.rpc<Hex>("eth_sendTransaction", [
      { from, ...(to && { to }), data, gas: numberToHex(900_000_000n), gasPrice: "0x0" },
    ]);
    const receipt = await mined(node, hash);
    if (receipt.status !== "0x1") {
      const reason = await node.rpc("eth_call", [{ from, ...(to && { to }), data }, "latest"]).then(String, String);
      throw new Error(`transaction ${hash} reverted: ${reason}`);
    }
    return { hash, gas: Number(receipt.gasUsed), address: receipt.contractAddress };
  };

  const authority = (
    await submit(
      admin,
      undefined,
      encodeDeployData({ abi: accessManagerAbi, bytecode: artefact("AccessManager"), args: [admin] }),
    )
  ).address;
  const gp = (
    await submit(
      admin,
      undefined,
      encodeDeployData({ abi: gpTokenAbi, bytecode: artefact("GPToken"), args: [authority] }),
    )
  ).address;
  const market = (
    await submit(
      admin,
      undefined,
      encodeDeployData({
        abi: leaseMarketAbi,
        bytecode: artefact("LeaseMarket"),
        args: [authority, gp, 5_000, CLOSE_WINDOW],
      }),
    )
  ).address;
  const send = async (from: Address, to: Address, data: Hex): Promise<Cost> => {
    const { hash, gas } = await submit(from, to, data);
    return { hash, gas };
  };
  await send(admin, market, encodeFunctionData({ abi: leaseMarketAbi, functionName: "listToken", args: [gp, 500] }));

  return {
    node,
    domain: { chainId: 31_337, market },
    gp,
    send,
    async fund(account, amount) {
      await send(admin, gp, encodeFunctionData({ abi: gpTokenAbi, functionName: "mint", args: [admin, amount] }));
      await send(admin, gp, encodeFunctionData({ abi: gpTokenAbi, functionName: "approve", args: [market, amount] }));
      await send(
        admin,
        market,
        encodeFunctionData({ abi: leaseMarketAbi, functionName: "depositFor", args: [account, gp, amount] }),
      );
    },
    async createdSlots(hash) {
      const diff = await node.rpc<{ pre: Accounts; post: Accounts }>("debug_traceTransaction", [
        hash,
        { tracer: "prestateTracer", tracerConfig: { diffMode: true } },
      ]);
      let created = 0;
      for (const [account, after] of Object.entries(diff.post)) {
        for (const [slot, value] of Object.entries(after.storage ?? {})) {
          if (BigInt(value) !== 0n && BigInt(diff.pre[account]?.storage?.[slot] ?? "0x0") === 0n) created++;
        }
      }
      return created;
    },
    async now() {
      return Number((await node.rpc<{ timestamp: Hex }>("eth_getBlockByNumber", ["latest", false])).timestamp);
    },
  };
}

interface Receipt {
  readonly status: Hex;
  readonly gasUsed: Hex;
  readonly contractAddress: Address;
}

/** Anvil answers before it has mined; a block takes it milliseconds, a full one of 100 openings some tenths of a second. */
async function mined(node: Node, hash: Hex): Promise<Receipt> {
  for (let tries = 0; tries < 2_000; tries++) {
    const receipt = await node.rpc<Receipt | null>("eth_getTransactionReceipt", [hash]);
    if (receipt !== null) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`transaction ${hash} was not mined within 10 s`);
}

type Accounts = Readonly<Record<string, { readonly storage?: Readonly<Record<string, Hex>> }>>;
