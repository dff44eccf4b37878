import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@corepool/core/errors";
import { machineId } from "@corepool/protocol/eip712";
import { encodeAbiParameters, keccak256, parseAbiParameters } from "viem";
import { describe, expect, it, onTestFinished } from "vitest";
import { lockFolder } from "./adapters/folder-lock.ts";
import { inspectHost } from "./adapters/host.ts";
import { machineOf } from "./adapters/machine-file.ts";
import { providerKey, secretFile } from "./adapters/secrets.ts";
import { systemRandom } from "./adapters/system.ts";
import { loadConfig } from "./config.ts";
import { parseCpuModel, parseMemoryLimit, parseNvidiaSmi } from "./host-facts.ts";
import { SlotPool } from "./slots.ts";
import { silentLog } from "./test/samples.ts";

const NEEDED = {
  COREPOOL_COORDINATOR_URL: "http://127.0.0.1:8080",
  COREPOOL_RPC_URL: "http://user:secret@127.0.0.1:8545, http://127.0.0.1:8546",
  COREPOOL_MARKET: `0x${"aa".repeat(20)}`,
};
const caught = (work: () => unknown): Error => {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
};

describe("loadConfig", () => {
  it("reads what is set, takes defaults for the rest, and shows where each came from, without secrets", () => {
    const { config, sources } = loadConfig({
      ...NEEDED,
      COREPOOL_INTERVAL: "7",
      COREPOOL_PRICE: "12345678901234567890",
    });
    expect(config).toMatchObject({
      intervalSeconds: 7,
      holdSeconds: 300,
      units: "auto",
      price: 12_345_678_901_234_567_890n,
    });
    expect(config.rpcUrls).toHaveLength(2);
    expect(sources).toContainEqual({ name: "COREPOOL_INTERVAL", from: "environment", value: "7" });
    expect(sources).toContainEqual({ name: "COREPOOL_HOLD", from: "default", value: "300" });
    expect(JSON.stringify(sources)).not.toContain("secret@");
  });

  it("names all that is wrong or missing in one line", () => {
    const error = caught(() => loadConfig({ COREPOOL_MARKET: "0x1", COREPOOL_INTERVAL: "0", COREPOOL_PRICE: "-1" }));
    expect(codeOf(error)).toBe("setup-failed");
    for (const name of [
      "COREPOOL_COORDINATOR_URL is missing",
      "COREPOOL_RPC_URL is missing",
      "COREPOOL_MARKET:",
      "COREPOOL_INTERVAL:",
      "COREPOOL_PRICE:",
    ]) {
      expect(error.message).toContain(name);
    }
    expect(error.message).not.toContain("\n");
  });
});

describe("what a host's tools print", () => {
  it("becomes GPUs, odd lines left out", () => {
    const csv = [
      "GPU-5b1f2e3c-1111-2222-3333-444455556666, NVIDIA H200, 143771",
      "GPU-0a0a0a0a-1111-2222-3333-444455556666, Tesla T4, rev 2, 15360",
      "No devices were found",
      "GPU-0b0b0b0b-1111-2222-3333-444455556666, NVIDIA A100, [N/A]",
      "",
    ].join("\n");
    expect(parseNvidiaSmi(csv).map(({ model, memoryBytes }) => [model, memoryBytes])).toEqual([
      ["NVIDIA H200", 143_771 * 2 ** 20],
      ["Tesla T4, rev 2", 15_360 * 2 ** 20],
    ]);
  });

  it("becomes a processor's name and a memory limit", () => {
    expect(parseCpuModel("processor\t: 0\nmodel name\t: AMD EPYC 9654\n")).toBe("AMD EPYC 9654");
    expect(parseCpuModel("")).toBeUndefined();
    expect(["1073741824\n", "max\n", "9223372036854771712", ""].map(parseMemoryLimit)).toEqual([
      2 ** 30,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("describes this very host", async () => {
    const found = await inspectHost(tmpdir());
    expect(found.cpus).toBeGreaterThan(0);
    expect(found.memoryBytes).toBeGreaterThan(2 ** 26);
    expect(found.diskFreeBytes).toBeGreaterThan(0);
  });
});

describe("secretFile", () => {
  it("draws a secret once, readable by its owner only, and never takes a damaged one", async () => {
    const dir = await mkdtemp(join(tmpdir(), "corepool-secret-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const path = join(dir, "machine.id");
    const drawn = await secretFile(path, "the machine's id", systemRandom);
    expect(drawn).toMatch(/^0x[0-9a-f]{64}$/);
    expect(await secretFile(path, "the machine's id", systemRandom)).toBe(drawn);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFile(path, drawn.slice(0, 20));
    expect(await secretFile(path, "the machine's id", systemRandom).catch(codeOf)).toBe("setup-failed");
    expect(await readFile(path, "utf8")).toBe(drawn.slice(0, 20));
    // What an agent left that was killed while it wrote is no key, and in nobody's way.
    const second = join(dir, "provider.key");
    await writeFile(`${second}.new`, drawn.slice(0, 20));
    expect(await secretFile(second, "the provider's key", systemRandom)).toMatch(/^0x[0-9a-f]{64}$/);
    expect((await readdir(dir)).sort()).toEqual(["machine.id", "provider.key"]);
    expect(await secretFile(join(dir, "none"), "the provider's key", undefined).catch(codeOf)).toBe("setup-failed");
  });
});

describe("machineOf", () => {
  const { signer } = providerKey(`0x${"11".repeat(32)}`);
  const lines: string[] = [];
  const log = { ...silentLog, warn: (event: string) => lines.push(event) };

  it("makes the machine's id of its provider and a salt that stays", async () => {
    const dir = await mkdtemp(join(tmpdir(), "corepool-machine-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const { machine, salt } = await machineOf(dir, signer.address, log);
    expect(machine).toBe(
      keccak256(
        encodeAbiParameters(parseAbiParameters("string, address, bytes32"), ["corepool machine", signer.address, salt]),
      ),
    );
    expect(await machineOf(dir, signer.address, log)).toEqual({ machine, salt });
    expect((await machineOf(dir, `0x${"22".repeat(20)}`, log)).machine).not.toBe(machine);
    expect(lines).toEqual([]);
  });

  it("goes on in a folder of before, and says that the machine has another id", async () => {
    const dir = await mkdtemp(join(tmpdir(), "corepool-machine-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const before = `0x${"77".repeat(32)}` as const;
    await writeFile(join(dir, "machine.id"), `${before}\n`);
    const first = await machineOf(dir, signer.address, log);
    expect(first).toEqual({ machine: machineId(signer.address, before), salt: before });
    expect(lines).toEqual(["machine.renamed"]);
    expect(await machineOf(dir, signer.address, log)).toEqual(first);
    expect(lines).toHaveLength(1);
    expect(await readdir(dir)).toEqual(["machine.salt"]);
  });
});

describe("lockFolder", () => {
  it("lets one process in at a time, and passes by what a dead one left", async () => {
    const dir = await mkdtemp(join(tmpdir(), "corepool-lock-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const unlock = await lockFolder(dir);
    expect(await lockFolder(dir).catch(codeOf)).toBe("already-running");
    await unlock();
    // This process's number, but another start: the number was used again.
    await writeFile(join(dir, "lock"), `${process.pid} 1`);
    await (await lockFolder(dir))();
    await writeFile(join(dir, "lock"), "4194999 77");
    await (await lockFolder(dir))();
  });
});

describe("SlotPool", () => {
  it("gives the smallest that is large enough, one holder each, and again when it is released", async () => {
    const pool = new SlotPool([
      { slot: "large", diskBytes: 100 },
      { slot: "any", diskBytes: null },
      { slot: "small", diskBytes: 10 },
    ]);
    pool.adopt("any", "earlier");
    expect([pool.take("a", 5), pool.take("b", 5), pool.take("c", 5)]).toEqual(["small", "large", undefined]);
    expect(pool.take("a", 5)).toBe("small");
    const freed = pool.freed;
    pool.release("b");
    await freed;
    expect([pool.take("d", 200), pool.take("c", 50)]).toEqual([undefined, "large"]);
  });
});
