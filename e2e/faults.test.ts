import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { books } from "./support/books.ts";
import type { RunningCommand } from "./support/command-line.ts";
import { clear, logOf, newPlace, type Place, type RunningMarket, resultOf, startMarket } from "./support/market.ts";

/** Counts for eight seconds, one line each half second. */
const COUNT = "import time\nfor i in range(16):\n    print(i, flush=True)\n    time.sleep(0.5)\n";
const COUNTED = `${Array.from({ length: 16 }, (_, i) => i).join("\n")}\n`;

describe("a job whose market breaks while it runs", () => {
  let place: Place;
  let market: RunningMarket;

  beforeAll(async () => {
    place = await newPlace({ COREPOOL_INTERVAL: "2" });
    market = await startMarket(place);
  });
  afterAll(async () => {
    market.up.child.kill("SIGTERM");
    await market.up.ended;
    await clear(place);
  });

  /** Any later and the chain has saved the block in which the lease opened: then nothing is lost that was. */
  const atOnce = (job: RunningCommand) => job.until("leased", (l) => l.type === "state" && l.state === "leased");
  const later = (job: RunningCommand) => job.until("fourth line", () => logOf(job.said).includes("3\n"));

  it.each([
    ["coordinator", "while it runs", later],
    ["agent", "while it runs", later],
    ["chain", "while it runs", later],
    ["chain", "when its lease has just opened", atOnce],
  ] as const)(
    "survives that its %s is killed %s: it finishes, its log is whole, it is paid once",
    async (part, _, moment) => {
      const job = market.start("run", "--time", "2m", "--", "python3", "-c", COUNT);
      await moment(job);
      const { parts } = await market.file();
      const pid = parts[part] ?? 0;
      expect(pid).toBeGreaterThan(1);
      process.kill(pid, "SIGKILL");
      const code = await job.ended;
      expect(job.stderr()).toBe("");
      expect(code).toBe(0);
      const { workload, receipt, verified } = resultOf(job.said);
      expect(workload.state).toBe("succeeded");
      expect(workload.attempts).toHaveLength(1);
      expect(logOf(job.said)).toBe(COUNTED);
      expect(verified).not.toBeNull();
      expect(receipt.billedMs).toBeGreaterThan(6_000);
      expect(receipt.billedMs).toBeLessThan(30_000);

      const { cash, escrow, fees, tokens, closed, opened } = await books(market);
      expect(cash + escrow + fees).toBe(tokens);
      expect(escrow).toBe(0n);
      expect(closed.filter((e) => e.args.lease === receipt.lease)).toHaveLength(1);
      expect(opened.filter((e) => e.args.lease === receipt.lease)).toHaveLength(1);
      const now = (await market.file()).parts[part];
      expect(now).not.toBe(pid);
    },
  );
});
