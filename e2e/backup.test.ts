import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { books } from "./support/books.ts";
import { command } from "./support/command-line.ts";
import { clear, newPlace, type Place, type RunningMarket, resultOf, startMarket } from "./support/market.ts";

/** What a person sees of the market: his money and his jobs. */
async function seen(market: RunningMarket) {
  const [wallet, jobs] = [await market.command("wallet"), await market.command("jobs")];
  // Time goes on, so leases become final meanwhile; nothing else may change.
  const jobsThen = JSON.stringify(jobs.said.at(-1)).replaceAll('"final":false', '"final":true');
  return { wallet: wallet.said.at(-1), jobs: jobsThen };
}

describe("a market that is lost", () => {
  const places: Place[] = [];
  const place = async () => {
    const made = await newPlace();
    places.push(made);
    return made;
  };
  let backups: string;
  let backup: string;

  beforeAll(async () => {
    backups = await mkdtemp(join(tmpdir(), "corepool-backups-"));
  });
  afterAll(async () => {
    for (const made of places) await clear(made);
    await rm(backups, { recursive: true, force: true });
  });

  it("comes back from a backup that was made while it ran, with its money, jobs and blobs", async () => {
    const [first, fresh] = [await place(), await place()];
    backup = join(backups, randomUUID());
    const market = await startMarket(first);
    const run = market.start("run", "--", "sh", "-c", "echo kept > $COREPOOL_OUTPUTS/kept.txt");
    expect(await run.ended).toBe(0);
    const kept = resultOf(run.said);
    const grant = await command(["mandate", "grant", "--json", "--max-rate", "1/h", "--max-total", "1"], first);
    const mandate = String(grant.said[0]?.id);
    const before = await seen(market);
    const made = await market.command("backup", backup);
    expect(made.stderr).toBe("");
    expect(made.code).toBe(0);
    // What comes after the backup is what the recovery point gives up.
    expect(await market.start("run", "--", "true").ended).toBe(0);
    const file = await market.file();
    for (const pid of [market.up.child.pid ?? 0, ...Object.values(file.parts)]) process.kill(pid, "SIGKILL");
    await market.up.ended;

    // Never over a market that is there.
    expect((await command(["restore", "--json", backup], first)).error?.code).toBe("setup-failed");
    const restored = await command(["restore", "--json", backup], fresh);
    expect([restored.stderr, restored.code]).toEqual(["", 0]);
    const second = await startMarket(fresh);
    try {
      expect(second.ready.fresh).toBe(false);
      expect(await seen(second)).toEqual(before);
      const out = join(fresh.home, "out");
      expect((await second.command("outputs", kept.workload.id, "--to", out)).code).toBe(0);
      expect(await readFile(join(out, "kept.txt"), "utf8")).toBe("kept\n");
      // The copy of what was signed came along, and finds the market where it answers now.
      const revoked = await command(["mandate", "revoke", mandate, "--json"], fresh);
      expect(revoked.stderr).toBe("");
      expect(revoked.said[0]).toMatchObject({ id: mandate, coordinatorTold: true });
      const next = second.start("run", "--", "true");
      expect(await next.ended).toBe(0);
      expect(resultOf(next.said).verified).not.toBeNull();
      const { tokens, cash, escrow, fees } = await books(second);
      expect(tokens).toBe(cash + escrow + fees);
    } finally {
      await second.stop();
    }
  });

  it("does not come back from a backup that was damaged, and nothing is left of the try", async () => {
    const target = (await readdir(join(backup, "database", "data", "base"), { recursive: true })).find((name) =>
      /\/\d+$/.test(name),
    );
    const path = join(backup, "database", "data", "base", target ?? "");
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const third = await place();
    const { code, error } = await command(["restore", "--json", backup], third);
    expect([code, error?.code]).toEqual([7, "setup-failed"]);
    expect(String(error?.detail)).toContain("was changed");
    expect(await readdir(third.home)).toEqual([]);
  });
});
