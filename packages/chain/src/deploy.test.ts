import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Address, Hex } from "@corepool/core/hex";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { createPublicClient, http, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterEach, describe, expect, it } from "vitest";
import { deployToRpc, readRecord } from "./adapters/deploy-file.ts";
import { systemClock } from "./adapters/system-clock.ts";
import type { DeploymentRecord } from "./deploy/record.ts";
import { type DeployRun, deploy, deploymentOf } from "./deploy.ts";
import { type LocalNode, startNode } from "./local/node.ts";
import { quantity } from "./rpc.ts";
import { freePort } from "./testing/temp-chain.ts";

const CLIENT: Address = "0x00000000000000000000000000000000000c1e47";
const SINK: Address = "0x0000000000000000000000000000000000005147";
const GENESIS = 1_000n * 10n ** 18n;
const options: DeployRun["options"] = { feeSink: SINK, stablecoin: "test", genesis: [{ to: CLIENT, amount: GENESIS }] };
const STEPS = 10;

const nodes: LocalNode[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) {
    node.kill("SIGKILL");
    await node.ended;
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function startChain(statePath?: string) {
  const port = await freePort();
  const node = await startNode({ port, chainId: 31_337, clock: systemClock, statePath });
  nodes.push(node);
  const rpcUrl = `http://127.0.0.1:${port}`;
  const client = createPublicClient({ transport: http(rpcUrl), cacheTime: 0 });
  return { node, rpcUrl, client };
}

type Chain = Awaited<ReturnType<typeof startChain>>;

/** A deployer with money, and his runs; `record` is what the last run kept. */
async function deployerOn(first: Chain) {
  const account = privateKeyToAccount(generatePrivateKey());
  const state: { record: DeploymentRecord | undefined } = { record: undefined };
  const fund = (chain: Chain) =>
    chain.node.endpoint.request("anvil_setBalance", [account.address, quantity(parseEther("10"))]);
  await fund(first);
  return {
    account,
    state,
    fund,
    /** Runs the plan; with `stopAtSave` it dies instead of that save (counted from 1). */
    async run(chain: Chain, stopAtSave = Number.POSITIVE_INFINITY, changes: Partial<DeployRun["options"]> = {}) {
      let saves = 0;
      return deploy({
        transport: http(chain.rpcUrl),
        account,
        options: { ...options, ...changes },
        record: state.record,
        save: async (record) => {
          saves += 1;
          if (saves === stopAtSave) throw new Error("killed");
          state.record = record;
        },
        clock: systemClock,
        pollMs: 5,
      });
    },
  };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "corepool-deploy-"));
  folders.push(path);
  return path;
}

const nonceOf = (chain: Chain, address: Address) => chain.client.getTransactionCount({ address });

describe("the deployment", () => {
  it("puts everything in place on a bare chain, and sends nothing the second time", async () => {
    const chain = await startChain();
    const deployer = await deployerOn(chain);
    const record = await deployer.run(chain);

    const { gpToken, leaseMarket, stablecoin, block } = deploymentOf(record);
    expect(record.steps).toHaveLength(STEPS);
    expect(block).toBe(1n);
    const gp = { address: gpToken, abi: gpTokenAbi } as const;
    const market = { address: leaseMarket, abi: leaseMarketAbi } as const;
    expect(await chain.client.readContract({ ...gp, functionName: "balanceOf", args: [CLIENT] })).toBe(GENESIS);
    expect(await chain.client.readContract({ ...gp, functionName: "totalSupply" })).toBe(GENESIS);
    expect(await chain.client.readContract({ ...market, functionName: "tokens" })).toEqual([gpToken, stablecoin]);
    const [sink, burnBps] = await chain.client.readContract({ ...market, functionName: "feeSettings" });
    expect([sink.toLowerCase(), burnBps]).toEqual([SINK, 5_000]);

    const before = { nonce: await nonceOf(chain, deployer.account.address), record: deployer.state.record };
    expect(await deployer.run(chain)).toEqual(record);
    expect(await nonceOf(chain, deployer.account.address)).toBe(before.nonce);
    expect(deployer.state.record).toBe(before.record);
  });

  it("goes on where it stopped, wherever that was, and does nothing twice", async () => {
    const chain = await startChain();
    // Each step saves before it sends and after it is mined; one more save ends the run. These are the saves around the
    // first contract, the last one, the genesis and the roles.
    for (const stop of [1, 2, 3, 9, 10, 11, 17, 18, 19, 20, 2 * STEPS + 1]) {
      const deployer = await deployerOn(chain);
      await expect(deployer.run(chain, stop)).rejects.toThrow("killed");
      const record = await deployer.run(chain);
      expect(record.complete, `killed at save ${stop}`).toBe(true);
      expect(await nonceOf(chain, deployer.account.address), `killed at save ${stop}`).toBe(STEPS);
      const gp = { address: deploymentOf(record).gpToken, abi: gpTokenAbi } as const;
      expect(await chain.client.readContract({ ...gp, functionName: "totalSupply" })).toBe(GENESIS);
    }
  }, 120_000);

  it("waits for a transaction that an earlier run sent and did not see mined", async () => {
    const chain = await startChain();
    const deployer = await deployerOn(chain);
    await chain.node.endpoint.request("evm_setAutomine", [false]);
    const killed = deployer.run(chain, 2);
    while (deployer.state.record === undefined) await systemClock.sleep(5);
    const [first] = deployer.state.record.steps;
    const known = () => chain.client.getTransaction({ hash: first?.transaction ?? "0x" }).catch(() => undefined);
    while ((await known()) === undefined) await systemClock.sleep(5);
    const second = deployer.run(chain);
    await systemClock.sleep(50);
    await chain.node.endpoint.request("evm_setAutomine", [true]);
    await chain.node.endpoint.request("evm_mine", []);
    await expect(killed).rejects.toThrow("killed");
    expect((await second).steps[0]).toMatchObject({ transaction: first?.transaction, nonce: 0, block: "1" });
    expect(await nonceOf(chain, deployer.account.address)).toBe(STEPS);
  });

  it("deploys the rest again, at the same addresses, on a chain that came back older than the record", async () => {
    const chain = await startChain();
    const deployer = await deployerOn(chain);
    await expect(deployer.run(chain, 7)).rejects.toThrow("killed");
    const dump = (await chain.node.endpoint.request("anvil_dumpState", [])) as Hex;
    const full = await deployer.run(chain);
    chain.node.kill("SIGKILL");

    const state = join(await folder(), "state.json");
    await writeFile(state, gunzipSync(Buffer.from(dump.slice(2), "hex")));
    const older = await startChain(state);
    expect(await nonceOf(older, deployer.account.address)).toBeLessThan(STEPS);
    const again = await deployer.run(older);
    expect(again.addresses).toEqual(full.addresses);
    expect(again.complete).toBe(true);
    expect(await nonceOf(older, deployer.account.address)).toBe(STEPS);
    const gp = { address: deploymentOf(again).gpToken, abi: gpTokenAbi } as const;
    expect(await older.client.readContract({ ...gp, functionName: "totalSupply" })).toBe(GENESIS);
  });

  it("refuses a record of another chain, deployer, plan or build, and changes nothing", async () => {
    const chain = await startChain();
    const deployer = await deployerOn(chain);
    const record = await deployer.run(chain);
    const mismatch = { code: "deployment-mismatch" };

    deployer.state.record = { ...record, chainId: 1 };
    await expect(deployer.run(chain)).rejects.toMatchObject(mismatch);
    deployer.state.record = { ...record, genesisHash: record.steps[0]?.transaction ?? "0x" };
    await expect(deployer.run(chain)).rejects.toMatchObject(mismatch);
    deployer.state.record = { ...record, deployer: CLIENT };
    await expect(deployer.run(chain)).rejects.toMatchObject(mismatch);
    deployer.state.record = record;
    await expect(deployer.run(chain, undefined, { genesis: [] })).rejects.toMatchObject(mismatch);
    const { gpToken, unitRegistry } = deploymentOf(record);
    const foreign = await chain.client.getCode({ address: unitRegistry });
    await chain.node.endpoint.request("anvil_setCode", [gpToken, foreign]);
    await expect(deployer.run(chain)).rejects.toMatchObject({ ...mismatch, data: { contract: "gpToken" } });
    expect(await nonceOf(chain, deployer.account.address)).toBe(STEPS);
  });

  it("says what failed when a step reverts and when nobody answers", async () => {
    const chain = await startChain();
    const deployer = await deployerOn(chain);
    await expect(deployer.run(chain, undefined, { feeBps: 1_001 })).rejects.toMatchObject({
      code: "call-reverted",
      data: { step: "list-gp" },
    });
    const late = await deployerOn(chain);
    chain.node.kill("SIGKILL");
    await chain.node.ended;
    await expect(late.run(chain)).rejects.toMatchObject({ code: "chain-unavailable" });
  });

  it("keeps its record in a file, and refuses a file that is none", async () => {
    const chain = await startChain();
    const key = generatePrivateKey();
    await chain.node.endpoint.request("anvil_setBalance", [
      privateKeyToAccount(key).address,
      quantity(parseEther("10")),
    ]);
    const recordPath = join(await folder(), "deeper", "deployment.json");
    const input = { rpcUrl: chain.rpcUrl, privateKey: key, recordPath, options, pollMs: 5 };
    const record = await deployToRpc(input);
    expect(readRecord(recordPath)).toEqual(record);
    expect(await deployToRpc(input)).toEqual(record);

    const text = await readFile(recordPath, "utf8");
    await writeFile(recordPath, text.slice(0, 100));
    await expect(deployToRpc(input)).rejects.toMatchObject({ code: "deployment-mismatch" });
    await writeFile(recordPath, text.replace('"version": 1', '"version": 2'));
    await expect(deployToRpc(input)).rejects.toMatchObject({ code: "deployment-mismatch" });
  });
});
