import { createHash } from "node:crypto";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { parseEventLogs } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { books } from "./support/books.ts";
import { command, startCommand } from "./support/command-line.ts";
import { clear, logOf, newPlace, type Place, type RunningMarket, resultOf, startMarket } from "./support/market.ts";

/** What is refused, the command, and the code of its refusal (`usage`: by the parser of the command line). */
const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  ["an empty command word list", ["run", "--json", "--"], "usage"],
  ["a size that is none", ["run", "--json", "--memory", "lots", "--", "true"], "bad-usage"],
  ["an absurd size", ["run", "--json", "--memory", "999999999TiB", "--", "true"], "bad-usage"],
  ["no time at all", ["run", "--json", "--time", "0s", "--", "true"], "bad-usage"],
  ["more time than a lease may have", ["run", "--json", "--time", "9999999d", "--", "true"], "bad-usage"],
  ["a rate with lost digits", ["run", "--json", "--max-rate", "0.0000000000000000001/s", "--", "true"], "bad-amount"],
  ["a negative price", ["run", "--json", "--max-price", "-5", "--", "true"], "bad-amount"],
  ["an unknown token", ["run", "--json", "--token", "DOGE", "--", "true"], "bad-usage"],
  ["an input above the folder", ["run", "--json", "--input", "../x=data.csv", "--", "true"], "path-escape"],
  ["an absolute input", ["run", "--json", "--input", "/etc/x=data.csv", "--", "true"], "path-escape"],
  ["an input in the outputs", ["run", "--json", "--input", "outputs/x=data.csv", "--", "true"], "bad-usage"],
  ["an input that is not there", ["run", "--json", "--input", "x=gone.csv", "--", "true"], "bad-usage"],
  ["a folder whose link leads out", ["run", "--json", "--input", "x=linked", "--", "true"], "path-escape"],
  [
    "two inputs at one path",
    ["run", "--json", "--input", "x=data.csv", "--input", "x=sum.py", "--", "true"],
    "bad-request",
  ],
  ["a job that is not one", ["jobs", "--json", "../../etc"], "bad-request"],
  ["somebody else's job", ["jobs", "--json", "wkl_00000000000000000000000000"], "not-found"],
  ["more machine than there is", ["run", "--json", "--cpu", "4000", "--", "true"], "no-placement"],
  ["a price that nobody takes", ["run", "--json", "--max-rate", "0.000000000001/h", "--", "true"], "no-placement"],
  [
    "a mandate for no provider at all",
    ["mandate", "grant", "--json", "--max-rate", "1/h", "--max-total", "1", "--providers", "0x12"],
    "bad-usage",
  ],
  ["a mandate without a largest loss", ["mandate", "grant", "--json", "--max-rate", "1/h"], "usage"],
  ["a mandate over nothing", ["mandate", "grant", "--json", "--max-rate", "1/h", "--max-total", "0"], "bad-usage"],
  [
    "a mandate with more for one lease than in all",
    ["mandate", "grant", "--json", "--max-rate", "1/h", "--max-total", "1", "--max-escrow", "2"],
    "bad-usage",
  ],
  ["somebody else's mandate", ["mandate", "revoke", "--json", "mdt_00000000000000000000000000"], "not-found"],
  ["more money than there is", ["wallet", "deposit", "--json", "99999999", "GP"], "insufficient-funds"],
  ["a withdrawal of more than there is", ["wallet", "withdraw", "--json", "99999999", "GP"], "insufficient-funds"],
  ["a withdrawal of nothing", ["wallet", "withdraw", "--json", "0", "GP"], "bad-amount"],
];

describe("the main road, from a fresh folder", () => {
  let place: Place;
  let market: RunningMarket;
  let work: string;

  beforeAll(async () => {
    place = await newPlace();
    work = join(place.home, "work");
    await mkdir(work);
    market = await startMarket(place);
  });
  afterAll(async () => {
    market.up.child.kill("SIGTERM");
    await market.up.ended;
    await clear(place);
  });

  const run = (...args: readonly string[]) => command(["run", "--json", ...args], { env: place.env, cwd: work });

  it("runs a job on inputs by hash, brings its outputs back, and pays its provider what the chain says", async () => {
    await writeFile(join(work, "data.csv"), "1,2\n3,4\n");
    await writeFile(
      join(work, "sum.py"),
      "import os,shutil,sys\nshutil.copy(sys.argv[1],os.path.join(os.environ['COREPOOL_OUTPUTS'],'same.csv'))\nnumbers=[float(x) for l in open(sys.argv[1]) for x in l.split(',')]\nopen(os.path.join(os.environ['COREPOOL_OUTPUTS'],'sum.txt'),'w').write(str(sum(numbers)))\nprint('sum',sum(numbers))\n",
    );
    const { code, said, stderr } = await run(
      "--time",
      "2m",
      "--input",
      "numbers/data.csv=data.csv",
      "--",
      "python3",
      "sum.py",
      "numbers/data.csv",
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(logOf(said)).toBe("sum 10.0\n");
    const result = resultOf(said);
    expect(result.workload.state).toBe("succeeded");
    expect(result.files.map((f) => f.path)).toEqual(["same.csv", "sum.txt"]);
    expect(await readFile(result.files[0]?.file ?? "", "utf8")).toBe("1,2\n3,4\n");
    const bytes = await readFile(result.files[1]?.file ?? "");
    expect(bytes.toString()).toBe("10.0");
    expect(result.files[1]?.hash).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);

    const { receipt, verified } = result;
    expect(verified).not.toBeNull();
    expect(BigInt(receipt.provider.paid) + BigInt(receipt.fee)).toBe(BigInt(receipt.total));
    expect(BigInt(receipt.total) + BigInt(receipt.refund)).toBe(BigInt(receipt.terms.escrow));
    expect(BigInt(receipt.total)).toBeGreaterThan(0n);
    const { terms } = receipt;
    expect(BigInt(receipt.total)).toBeLessThanOrEqual(BigInt(terms.rate) * BigInt(Math.ceil(receipt.billedMs / 1000)));
  });

  it("keeps books in which every token is somebody's", async () => {
    const { cash, escrow, fees, tokens, opened, closed } = await books(market);
    expect(cash + escrow + fees).toBe(tokens);
    expect(escrow).toBe(0n);
    expect(closed.length).toBe(opened.length);
    expect(opened.length).toBeGreaterThan(0);
  });

  it("says what a failed job did, and still settles it", async () => {
    const { code, said } = await run("--time", "1m", "--", "python3", "-c", "import sys; print('no'); sys.exit(3)");
    expect(code).toBe(1);
    const { workload, receipt } = resultOf(said);
    expect(workload).toMatchObject({ state: "failed", reason: "exited" });
    expect(workload.attempts.at(-1)?.exitCode).toBe(3);
    expect(BigInt(receipt.total) + BigInt(receipt.refund)).toBe(BigInt(receipt.terms.escrow));
  });

  it("stops a job on Ctrl-C, pays what it served and leaves with 130", async () => {
    const job = startCommand(["run", "--json", "--time", "5m", "--", "sleep", "200"], { env: place.env, cwd: work });
    await job.until("running", (l) => l.type === "state" && l.state === "running");
    job.child.kill("SIGINT");
    expect(await job.ended).toBe(130);
    const { workload, receipt } = resultOf(job.said);
    expect(workload).toMatchObject({ state: "cancelled", reason: "stopped-by-client" });
    expect(BigInt(receipt.refund)).toBeGreaterThan(0n);
    expect(receipt.billedMs).toBeLessThan(30_000);
  });

  it("pays for a detached job from the background", async () => {
    const { code, said } = await run(
      "--detach",
      "--time",
      "1m",
      "--",
      "python3",
      "-c",
      "import time; time.sleep(3); print('alone')",
    );
    expect(code).toBe(0);
    const id = String(said.at(-1)?.workload);
    const early = await market.command("receipt", id);
    expect([early.code, early.error?.code]).toEqual([4, "illegal-transition"]);
    const follow = await market.command("logs", id, "--follow");
    expect(logOf(follow.said)).toBe("alone\n");
    const grep = (...args: readonly string[]) => market.command("logs", id, ...args);
    const line = { type: "line", stream: "stdout", offset: 0, number: 1, text: "alone" };
    expect((await grep("--grep", "ALO", "-i")).said).toEqual([line]);
    expect((await grep("--grep", "ALO")).said).toEqual([]);
    expect((await grep("--grep", "a", "--follow")).error?.code).toBe("bad-usage");
    for (let i = 0; i < 100; i++) {
      const { said: jobs } = await market.command("jobs", id);
      if (jobs[0]?.state === "succeeded") break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const watch = await market.command("watch", id);
    expect([watch.code, watch.said[0]?.state]).toEqual([0, "succeeded"]);
    const receipt = await market.command("receipt", id);
    expect(receipt.code).toBe(0);
    expect(receipt.said[0]?.verified).not.toBeNull();
  });

  it("lets the operator order and pay within a mandate, until it is revoked on chain", async () => {
    const grant = (...args: readonly string[]) =>
      command(["mandate", "grant", "--max-rate", "100/h", "--max-total", "50", ...args, "--json"], place);
    const offers = (await market.command("offers")).said[0] as {
      readonly data: readonly { readonly signed: { readonly offer: { readonly provider: string } } }[];
    };
    const provider = offers.data[0]?.signed.offer.provider ?? "";
    const stranger = `0x${"5e".repeat(20)}`;
    const granted = await grant("--max-escrow", "20", "--providers", `${stranger},${provider}`);
    expect(granted.stderr).toBe("");
    expect(granted.said[0]?.largestLoss).toBe(String(50n * 10n ** 18n));
    const id = String(granted.said[0]?.id);
    const job = ["--mandate", id, "--time", "1m", "--", "python3", "-c", "import time; time.sleep(2); print('away')"];
    const { code, said, stderr } = await run(...job);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(logOf(said)).toBe("away\n");
    const { workload, receipt, verified } = resultOf(said);
    expect(workload.state).toBe("succeeded");
    expect(verified).not.toBeNull();
    expect(BigInt(receipt.total)).toBeGreaterThan(0n);
    const list = (await command(["mandate", "list", "--json"], place)).said[0] as {
      readonly data: readonly { readonly id: string; readonly committed: string }[];
    };
    expect(list.data.find((each) => each.id === id)?.committed).toBe(receipt.terms.escrow);

    // Whoever answers for the coordinator, or fails to: the chain revokes what was signed here.
    const failing = createHttpServer((_, response) => response.writeHead(500).end());
    await new Promise<void>((resolve) => failing.listen(0, "127.0.0.1", resolve));
    const { port } = failing.address() as AddressInfo;
    const revoked = await command(["mandate", "revoke", id, "--json", "--url", `http://127.0.0.1:${port}`], place);
    failing.close();
    expect(revoked.stderr).toBe("");
    expect(revoked.said[0]).toMatchObject({ id, coordinatorTold: false });
    const { reader, market: rules } = await books(market);
    const tx = await reader.getTransactionReceipt({ hash: String(revoked.said[0]?.tx) as `0x${string}` });
    const [event] = parseEventLogs({ abi: leaseMarketAbi, logs: tx.logs, eventName: "MandateRevoked" });
    const own = { abi: leaseMarketAbi, address: rules.contracts.leaseMarket, functionName: "mandateOf" } as const;
    const [committed, , , isRevoked] = await reader.readContract({ ...own, args: [event?.args.mandate ?? "0x"] });
    expect([String(committed), isRevoked]).toEqual([receipt.terms.escrow, true]);

    const again = await command(["mandate", "revoke", id, "--json"], place);
    expect(again.said[0]).toMatchObject({ id, coordinatorTold: true });
    const refused = await run(...job);
    expect(refused.code).toBe(4);
    expect(refused.error).toMatchObject({
      code: "mandate-exceeded",
      detail: expect.stringContaining("it was revoked"),
    });
  });

  it("refuses what is malformed, absurd or not there, each with its own code, and changes nothing", async () => {
    const linked = join(work, "linked");
    await mkdir(linked);
    await symlink("/etc/hostname", join(linked, "away"));
    const state = async () => {
      const { cash, escrow, fees, opened } = await books(market);
      const said = (await market.command("jobs", "--limit", "200")).said[0];
      // An earlier job's lease becomes final by the mere passing of time.
      const jobs = JSON.stringify(said, (name, value: unknown) => (name === "final" ? undefined : value));
      return { cash, escrow, fees, opened: opened.length, jobs };
    };
    const before = await state();
    const failures: string[] = [];
    const rest = [...REFUSED];
    const worker = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        const [what, args, code] = next;
        const { code: exit, error, stderr } = await command(args, { env: place.env, cwd: work });
        if (exit < 2 || (code !== "usage" && error?.code !== code))
          failures.push(`${what}: exit ${exit}, ${stderr.slice(0, 300)}`);
        const reasons = error?.reasons as readonly { readonly dimension?: unknown }[] | undefined;
        if (code === "no-placement" && typeof reasons?.[0]?.dimension !== "string")
          failures.push(`${what}: no reasons`);
      }
    };
    await Promise.all([worker(), worker(), worker()]);
    expect(failures).toEqual([]);
    expect(await state()).toEqual(before);
  });

  it("refuses a second market in the same folder, and taken ports in another, with nothing half-started", async () => {
    const again = await command(["up", "--json"], place);
    expect(again.error?.code).toBe("already-running");
    const other = await newPlace();
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(other.ports.chain, "127.0.0.1", resolve));
    try {
      const taken = await command(
        [
          "up",
          "--json",
          "--port",
          String(other.ports.api),
          "--chain-port",
          String(other.ports.chain),
          "--database-port",
          String(other.ports.database),
          "--metrics-port",
          String(other.ports.metrics),
        ],
        other,
      );
      expect(taken.code).toBe(7);
      expect(taken.error).toMatchObject({
        code: "port-in-use",
        detail: expect.stringContaining(String(other.ports.chain)),
      });
    } finally {
      blocker.close();
      await clear(other);
    }
  });

  it("withdraws to the wallet without asking the coordinator", async () => {
    const account = async () =>
      (await market.command("wallet")).said[0] as {
        readonly balances: readonly { readonly symbol: string; readonly cash: string; readonly wallet: string }[];
      };
    const before = (await account()).balances.find((b) => b.symbol === "GP");
    const done = await command(["wallet", "withdraw", "--json", "1", "GP"], place);
    expect(done.code).toBe(0);
    const { reader, market: rules } = await books(market);
    expect(await reader.getTransactionReceipt({ hash: String(done.said[0]?.tx) as `0x${string}` })).toMatchObject({
      status: "success",
      to: rules.contracts.leaseMarket.toLowerCase(),
    });
    expect(BigInt(before?.cash ?? 0)).toBeGreaterThan(0n);
  });

  it("stops in order on Ctrl-C, and a second start resumes chain, database and balances", async () => {
    const before = await books(market);
    const jobs = (await market.command("jobs", "--limit", "200")).said[0] as {
      readonly data: readonly { readonly id: string }[];
    };
    expect(await market.stop()).toBe(0);
    expect((await command(["status", "--json"], place)).error?.code).toBe("not-running");
    market = await startMarket(place);
    expect(market.ready.fresh).toBe(false);
    const after = await books(market);
    expect({ cash: after.cash, fees: after.fees, tokens: after.tokens, closed: after.closed.length }).toEqual({
      cash: before.cash,
      fees: before.fees,
      tokens: before.tokens,
      closed: before.closed.length,
    });
    const jobsAfter = (await market.command("jobs", "--limit", "200")).said[0] as typeof jobs;
    expect(jobsAfter.data.map((j) => j.id)).toEqual(jobs.data.map((j) => j.id));
    const { code } = await run("--time", "1m", "--", "true");
    expect(code).toBe(0);
  });
});
