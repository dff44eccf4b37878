import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getContractAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import type { TempChain } from "../testing/temp-chain.ts";
import { tempChain } from "../testing/temp-chain.ts";
import { anvilBinary } from "./binary.ts";
import { startLocalChain } from "./chain.ts";
import { headOf } from "./node.ts";

const open: TempChain[] = [];
afterEach(async () => {
  for (const temp of open.splice(0)) await temp.end();
});

async function fresh(): Promise<TempChain> {
  const temp = await tempChain();
  open.push(temp);
  return temp;
}

/** Whether a process runs; one that has ended and is only not reaped yet does not. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}

/** Deploys a contract that logs on every call (LOG0 of nothing) and calls it; the two transactions' hashes. */
async function logSomething(
  temp: TempChain,
  nonce: number,
  account: Awaited<ReturnType<TempChain["account"]>>,
  times: number,
) {
  const signer = privateKeyToAccount(account.key);
  const common = {
    chainId: 31_337,
    type: "eip1559",
    gas: 100_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 1n,
  } as const;
  const raw = [];
  if (nonce === 0)
    raw.push(await signer.signTransaction({ ...common, nonce, data: "0x600580600b6000396000f360006000a000" }));
  const to = getContractAddress({ from: account.address, nonce: 0n });
  for (let i = 0; i < times; i++) raw.push(await signer.signTransaction({ ...common, nonce: nonce + raw.length, to }));
  for (const one of raw) await temp.endpoint.request("eth_sendRawTransaction", [one]);
  await expect
    .poll(() => temp.endpoint.request("eth_getTransactionCount", [account.address, "latest"]))
    .toBe(`0x${(nonce + raw.length).toString(16)}`);
  return to;
}

describe("the local chain", () => {
  it("keeps blocks, transactions and logs over a stop, on wall-clock time, and does not grow when idle", async () => {
    const temp = await fresh();
    const account = await temp.account();
    const to = await logSomething(temp, 0, account, 3);
    const before = await headOf(temp.endpoint);
    await temp.chain.stop();
    const again = await startLocalChain({ dir: temp.dir, port: temp.port, clock: systemClock });
    try {
      expect((await headOf(temp.endpoint, `0x${before.number.toString(16)}`)).hash).toBe(before.hash);
      const logs = await temp.reader.logs({ from: 0n, to: before.number, addresses: [to] });
      expect(logs.map((log) => log.blockNumber)).toEqual([2n, 3n, 4n]);
      expect((await temp.reader.outcome(logs[0]?.transactionHash ?? "0x"))?.status).toBe("success");
      await logSomething(temp, 4, account, 1);
      const head = await headOf(temp.endpoint);
      expect(Math.abs(Number(head.timestamp) - Date.now() / 1000)).toBeLessThan(3);
      // Empty blocks until the last transaction is final, then silence.
      await expect
        .poll(async () => (await temp.reader.finalized()).number, { timeout: 12_000, interval: 200 })
        .toBeGreaterThanOrEqual(head.number);
      const final = (await headOf(temp.endpoint)).number;
      await systemClock.sleep(1_500);
      expect((await headOf(temp.endpoint)).number).toBe(final);
    } finally {
      await again.stop();
    }
  });

  it("starts a killed node again from the last second, and says so", async () => {
    const temp = await fresh();
    const account = await temp.account();
    await logSomething(temp, 0, account, 2);
    await temp.chain.save();
    const saved = await headOf(temp.endpoint);
    const dead = temp.chain.pid();
    process.kill(dead, "SIGKILL");
    await expect.poll(() => temp.events.map((event) => event.type), { timeout: 5_000 }).toEqual(["restarted"]);
    expect(temp.chain.pid()).not.toBe(dead);
    expect((await headOf(temp.endpoint, `0x${saved.number.toString(16)}`)).hash).toBe(saved.hash);
  });

  it("keeps its first block over any number of restarts, and its blocks still lead to it", async () => {
    const temp = await fresh();
    const first = await headOf(temp.endpoint, "0x0");
    await temp.endpoint.request("evm_mine", []);
    for (let times = 1; times <= 4; times++) {
      await temp.chain.save();
      // The node makes a block 0 of its own at every start; one of another second is another block.
      await systemClock.sleep(1_000);
      process.kill(temp.chain.pid(), "SIGKILL");
      await expect.poll(() => temp.events.length, { timeout: 5_000 }).toBe(times);
      expect((await headOf(temp.endpoint, "0x0")).hash).toBe(first.hash);
      expect((await headOf(temp.endpoint, "0x1")).parentHash).toBe(first.hash);
    }
  });

  it("saves by itself within a second or so", async () => {
    const temp = await fresh();
    const account = await temp.account();
    await logSomething(temp, 0, account, 1);
    await expect
      .poll(
        async () => (await readFile(join(temp.dir, "chain.state"))).toString("latin1").match(/"number":(\d+)/)?.[1],
        { timeout: 1_500 },
      )
      .not.toBe("0");
  });

  it("refuses a damaged file, another chain's file, a taken port and a folder in use", async () => {
    const temp = await fresh();
    await expect(startLocalChain({ dir: temp.dir, port: temp.port, clock: systemClock })).rejects.toMatchObject({
      code: "already-running",
    });
    await expect(
      startLocalChain({ dir: `${temp.dir}/other`, port: temp.port, clock: systemClock }),
    ).rejects.toMatchObject({ code: "port-in-use" });
    await temp.chain.stop();
    await expect(
      startLocalChain({ dir: temp.dir, port: temp.port, clock: systemClock, chainId: 1 }),
    ).rejects.toMatchObject({ code: "wrong-chain" });
    const path = join(temp.dir, "chain.state");
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(startLocalChain({ dir: temp.dir, port: temp.port, clock: systemClock })).rejects.toMatchObject({
      code: "setup-failed",
      message: expect.stringContaining("damaged"),
    });
  });

  it("answers pages of the one origin it is told of, and of no other", async () => {
    const temp = await fresh();
    const ask = async (origin: string) => {
      const response = await fetch(temp.chain.rpcUrl, {
        method: "POST",
        headers: { "content-type": "application/json", origin },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }),
      });
      await response.body?.cancel();
      return response.headers.get("access-control-allow-origin");
    };
    expect(await ask("http://localhost:8080")).toBeNull();
    await temp.chain.stop();
    const { dir, port } = temp;
    const chain = await startLocalChain({ dir, port, clock: systemClock, allowOrigin: "http://localhost:8080" });
    // A browser lets no other page than that of this origin read the answer.
    for (const origin of ["http://localhost:8080", "http://evil.example"])
      expect(await ask(origin), origin).toBe("http://localhost:8080");
    await chain.stop();
  });

  it("says which package is missing on a platform that has none", () => {
    expect(() => anvilBinary("linux", "mips")).toThrow(
      expect.objectContaining({
        code: "setup-failed",
        message: expect.stringContaining("@foundry-rs/anvil-linux-mips"),
      }),
    );
  });

  it("leaves no node behind when the supervisor is killed", async () => {
    const temp = await fresh();
    await temp.chain.stop();
    const script = `
      import { startLocalChain } from ${JSON.stringify(new URL("./chain.ts", import.meta.url).href)};
      import { systemClock } from ${JSON.stringify(new URL("../adapters/system-clock.ts", import.meta.url).href)};
      const chain = await startLocalChain({ dir: ${JSON.stringify(temp.dir)}, port: ${temp.port}, clock: systemClock });
      console.log(chain.pid());`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const node = Number(
      await new Promise<string>((resolve) => child.stdout.once("data", (data: Buffer) => resolve(String(data)))),
    );
    child.kill("SIGKILL");
    const again = await startLocalChain({ dir: temp.dir, port: temp.port, clock: systemClock }).catch(async () => {
      // Its port may stay taken for the moment that the system needs to end the node.
      await systemClock.sleep(500);
      return startLocalChain({ dir: temp.dir, port: temp.port, clock: systemClock });
    });
    expect(again.pid()).not.toBe(node);
    expect(isRunning(node)).toBe(false);
    await again.stop();
  });
});
