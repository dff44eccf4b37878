import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import type { Browser, Locator, Page } from "playwright-core";
import { createPublicClient, type Hex, http, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { clear, newPlace, type Place, type RunningMarket, resultOf, startMarket } from "../support/market.ts";
import { axe, launch, type OpenPage, openPage, overflows, settled } from "./browser.ts";
import { announceWallet, type WalletBehaviour } from "./wallet.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** Where the agent that was started with this state keeps its key: under root with the user that it drops to. */
async function agentFolder(state: string): Promise<string> {
  if (process.getuid?.() !== 0) return join(state, "agent");
  const name = createHash("sha256")
    .update(await realpath(state))
    .digest("hex")
    .slice(0, 12);
  return join("/var/lib/corepool", name, "agent", "agent");
}

describe("money and machines, in a browser, on a real market", () => {
  const privateKey = generatePrivateKey();
  const { address } = privateKeyToAccount(privateKey);
  let place: Place;
  let market: RunningMarket;
  let browser: Browser;
  let origin: string;
  let rpcUrl: string;
  let chainId: number;
  let leaseMarket: Hex;
  let behaviour: WalletBehaviour;
  let opened: OpenPage | undefined;
  let agent: ChildProcess | undefined;

  beforeAll(async () => {
    place = await newPlace();
    // The command line and the test's wallet are one account.
    await mkdir(join(place.home, "keys"), { mode: 0o700 });
    await writeFile(join(place.home, "keys", "client"), `${privateKey}\n`, { mode: 0o600 });
    // The command keeps its state in the home of whoever runs it; here that is the folder that a reset clears, mounts and all.
    for (const folder of ["agent", ".corepool"]) await mkdir(join(place.home, folder), { mode: 0o700 });
    await symlink(join(place.home, "agent"), join(place.home, ".corepool", "provider"));
    [market, browser] = await Promise.all([startMarket(place, "--no-agent"), launch()]);
    origin = `http://localhost:${place.ports.api}`;
    ({ rpcUrl } = await market.file());
    const view = (await (await fetch(`${origin}/v1/market`)).json()) as {
      chainId: number;
      contracts: { leaseMarket: Hex };
    };
    ({ chainId } = view);
    ({ leaseMarket } = view.contracts);
  });
  afterEach(async () => {
    // The page may ask the chain itself: its policy allows just that.
    const problems = (opened?.problems ?? []).filter((each) => !each.startsWith(`third party: ${rpcUrl}`));
    await opened?.close();
    opened = undefined;
    expect(problems).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await stopAgent();
    await market.stop();
    await clear(place);
  });

  /** Ends the agent, and all that the command started for it. */
  async function stopAgent(): Promise<void> {
    const group = agent?.pid;
    if (group === undefined) return;
    const there = (signal: NodeJS.Signals | 0): boolean => {
      try {
        return process.kill(-group, signal);
      } catch {
        return false;
      }
    };
    there("SIGTERM");
    await vi.waitUntil(() => !there(0), { timeout: 30_000, interval: 100 });
  }

  /** Opens a path, signed in by a key. */
  const signedIn = async (
    path: string,
    key: Hex = privateKey,
    prepare?: (page: OpenPage["context"]) => Promise<void>,
  ): Promise<Page> => {
    opened = await openPage(browser, {
      origin,
      path,
      prepare: async (context) => {
        await prepare?.(context);
        behaviour = await announceWallet(context as never, { privateKey: key, rpcUrl, chainId });
      },
    });
    const { page } = opened;
    page.setDefaultTimeout(15_000);
    await page.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Test wallet" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await settled(page);
    return page;
  };
  const balance = (page: Page, what: "cash" | "wallet"): Promise<string | null> =>
    page.locator(`[data-token=GP] [data-balance=${what}] > span`).getAttribute("title");
  const onChain = async (): Promise<bigint> => {
    const { said } = await market.command("wallet", "show");
    return BigInt(
      (said.at(-1) as { balances: { symbol: string; cash: string }[] }).balances.find((each) => each.symbol === "GP")
        ?.cash ?? -1,
    );
  };
  const failure = (dialog: Locator, kind: string) => dialog.locator(`[data-failure=${kind}]`).waitFor();

  it("connects a computer by the one command that the page gives, and shows it by itself", async () => {
    const page = await signedIn("/provider");
    await page.getByRole("heading", { name: "No machine of yours yet" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page
      .getByRole("region")
      .or(page.locator("section"))
      .getByRole("button", { name: "Copy", exact: true })
      .last()
      .click();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    expect(command).toBe(await page.locator("[data-connect]").textContent());
    expect(command).toContain(`COREPOOL_PAY_TO=${address}`);
    agent = spawn("bash", ["-c", command], {
      cwd: REPOSITORY,
      detached: true,
      stdio: "ignore",
      env: { PATH: process.env["PATH"] ?? "", HOME: place.home },
    });
    const row = page.locator("tbody tr[data-index]");
    await row.waitFor({ timeout: 60_000 });
    await row.getByText("Free").waitFor({ timeout: 60_000 });
    expect(await axe(page)).toEqual([]);
  });

  it("gives test funds, and takes a deposit through every way in which it can fail", async () => {
    const page = await signedIn("/billing");
    const before = await balance(page, "wallet");
    await page.getByRole("button", { name: "Get test funds" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Get them" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(() => balance(page, "wallet")).not.toBe(before);

    await page.getByRole("button", { name: "Deposit GP" }).click();
    const dialog = page.getByRole("dialog", { name: "Deposit GP" });
    const confirm = dialog.getByRole("button", { name: "Sign and deposit" });
    await confirm.click();
    await failure(dialog, "other");
    await dialog.getByLabel("Amount").fill("99999999");
    await dialog.getByText("more than there is").waitFor();
    await confirm.click();
    await failure(dialog, "no-funds");
    await dialog.getByLabel("Amount").fill("25");
    await dialog.getByText(/25\s?GP go from your wallet/).waitFor();
    expect(await axe(page)).toEqual([]);
    behaviour.reject = true;
    await confirm.click();
    await failure(dialog, "rejected");
    // On another chain, and told to stay there; then it is asked to turn, and does.
    behaviour.chainId = 1;
    await confirm.click();
    await dialog.locator("[data-failure=rejected], [data-failure=wrong-chain]").waitFor();
    expect(await onChain()).toBe(0n);
    behaviour.reject = false;
    await confirm.click();
    await dialog.waitFor({ state: "detached", timeout: 30_000 });
    expect(behaviour.chainId).toBe(chainId);
    const line = page.locator("[data-sent]");
    await line.getByText(/^Final in block \d+$/).waitFor({ timeout: 30_000 });
    expect(await onChain()).toBe(parseEther("25"));
    await expect.poll(() => balance(page, "cash")).toBe("25 GP");
  });

  it("says that a transaction was dropped, when no block takes it", async () => {
    const page = await signedIn("/billing", privateKey, (context) => context.clock.install());
    await page.getByRole("button", { name: "Withdraw GP" }).click();
    const dialog = page.getByRole("dialog", { name: "Withdraw GP" });
    await dialog.getByLabel("Amount").fill("1");
    behaviour.drop = true;
    await dialog.getByRole("button", { name: "Sign and withdraw" }).click();
    await dialog.getByText("sign it in your wallet, then wait for the block").waitFor();
    await page.waitForTimeout(1_000);
    await page.clock.fastForward("02:00");
    await failure(dialog, "dropped");
    expect(await onChain()).toBe(parseEther("25"));
  });

  it("withdraws to the wallet, and refuses what is no address", async () => {
    const page = await signedIn("/billing");
    await page.getByRole("button", { name: "Withdraw GP" }).click();
    const dialog = page.getByRole("dialog", { name: "Withdraw GP" });
    await dialog.getByLabel("Amount").fill("5");
    await dialog.getByLabel("To the address").fill("0x12");
    await dialog.getByRole("button", { name: "Sign and withdraw" }).click();
    await failure(dialog, "other");
    await dialog.getByLabel("To the address").fill("");
    await dialog.getByRole("button", { name: "Sign and withdraw" }).click();
    await dialog.waitFor({ state: "detached", timeout: 30_000 });
    await page
      .locator("[data-sent]")
      .getByText(/^Final in block/)
      .waitFor({ timeout: 30_000 });
    expect(await onChain()).toBe(parseEther("20"));
  });

  let paid = "";
  it("has a row in the ledger for all that a job moved, which opens its receipt and its transaction", async () => {
    const ran = await market.command("run", "--time", "2m", "--", "python3", "-c", "print(6*7)");
    const { receipt, workload } = resultOf(ran.said);
    paid = receipt.provider.paid;
    const page = await signedIn("/billing?part=ledger");
    const rows = page.locator("tbody tr[data-index]");
    // The wallet is paid by the machine too: deposit, withdrawal, escrow, earning, payment, fee, refund.
    await expect.poll(() => rows.count(), { timeout: 20_000 }).toBe(7);
    expect(await axe(page)).toEqual([]);
    await rows.filter({ hasText: "Refund of escrow" }).click();
    const entry = page.getByRole("complementary", { name: "Refund of escrow" });
    await entry.getByText("Taken in").waitFor();
    const closed = await createPublicClient({ transport: http(rpcUrl) }).getTransactionReceipt({
      hash: receipt.closeTx as Hex,
    });
    await entry.getByTitle(closed.transactionHash).waitFor();
    await entry.getByText(String(closed.blockNumber), { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await entry.getByRole("link", { name: "Open the receipt of this workload" }).click();
    await page.waitForURL(`**/w/${workload.id}?tab=receipt`);
    await page.goBack();
    await page.getByLabel("What").selectOption("deposit");
    await expect.poll(() => rows.count()).toBe(1);

    await opened?.go("/billing");
    await page.getByText("Spent per day (UTC)").waitFor();
    await page.getByRole("button", { name: "As a table" }).click();
    const today = page.getByRole("row", { name: new RegExp(new Date().toISOString().slice(0, 10)) });
    expect((await today.getByTitle("GP").first().getAttribute("title"))?.startsWith("0.")).toBe(true);
  });

  it("grants a mandate within bounds that it says, and takes it back on chain", async () => {
    const page = await signedIn("/billing?part=mandates");
    await page.getByText("You have granted nothing.").waitFor();
    await page.getByRole("button", { name: "Grant a mandate" }).click();
    const dialog = page.getByRole("dialog", { name: "Grant a mandate" });
    const sign = dialog.getByRole("button", { name: "Sign the mandate" });
    await dialog.getByLabel("Highest price an hour").fill("1");
    await dialog.getByLabel("In all leases together").fill("7");
    await dialog.getByLabel("In one lease").fill("8");
    await sign.click();
    await dialog.getByText("more for one lease than for all").waitFor();
    await dialog.getByLabel("In one lease").fill("5");
    await dialog.getByText(/Largest loss if he is dishonest: 7\s?GP, all of it\./).waitFor();
    expect(await axe(page)).toEqual([]);
    behaviour.reject = true;
    await sign.click();
    await failure(dialog, "rejected");
    behaviour.reject = false;
    await sign.click();
    await dialog.waitFor({ state: "detached" });
    const row = page.locator("[data-mandate^=mdt_]");
    await row.getByText("Granted").waitFor();
    const id = (await row.getAttribute("data-mandate")) ?? "";
    const listed = async () => JSON.stringify((await market.command("mandate", "list")).said);
    expect(await listed()).toContain(id);
    const kept = await page.evaluate(
      () => JSON.parse(localStorage.getItem("corepool.mandates") ?? "[]") as { hash: string }[],
    );
    await row.getByRole("button", { name: "Take back" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke on chain" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached", timeout: 30_000 });
    await row.getByText("Taken back").waitFor();
    const logs = await createPublicClient({ transport: http(rpcUrl) }).getContractEvents({
      address: leaseMarket,
      abi: leaseMarketAbi,
      eventName: "MandateRevoked",
      fromBlock: 0n,
    });
    expect(logs.map((log) => log.args.mandate)).toEqual([kept[0]?.hash]);
  });

  it("shows the machine, what it earned and where that went", async () => {
    const page = await signedIn("/provider");
    const row = page.locator("tbody tr[data-index]");
    await row.waitFor();
    const earned = page.locator("[data-earned] [title]").first();
    await expect
      .poll(async () => parseEther(((await earned.getAttribute("title")) ?? "0").split(" ")[0] as "0"))
      .toBe(BigInt(paid));
    await page.getByText("(this account)").first().waitFor();
    await row.click();
    await page.waitForURL("**/provider/m/0x*");
    await settled(page);
    await page.getByText("Checked here").first().waitFor();
    await page.locator("[data-payment]").waitFor();
    await page.getByText("This account is paid by the machine, and does not own it").waitFor();
    expect(await axe(page)).toEqual([]);
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await overflows(page)).toBe(false);
    }
  });

  it("lets the machine's own key run it dry, and take workloads again", async () => {
    const key = (
      await readFile(join(await agentFolder(join(place.home, ".corepool", "provider")), "provider.key"), "utf8")
    ).trim() as Hex;
    const page = await signedIn("/provider", key);
    const row = page.locator("tbody tr[data-index]");
    await row.click();
    await page.locator("[data-lease]").getByText("Closed").waitFor();
    await page.getByRole("button", { name: "Let it run dry" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run dry" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator("[data-health]").getByText("Draining").waitFor();
    const refused = await market.command("run", "--", "true");
    expect(refused.error).toMatchObject({ code: "no-placement" });
    await page.getByRole("button", { name: "Take workloads again" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take workloads", exact: true }).click();
    await page.locator("[data-health]").getByText("Online").waitFor();
  });

  it("counts the network: machines, what was settled, and how far the chain is read", async () => {
    opened = await openPage(browser, { origin, path: "/network" });
    const { page } = opened;
    await page.locator("[data-figure=machines]", { hasText: /^1$/ }).waitFor();
    await page.locator("[data-figure=ended]", { hasText: /^[12]$/ }).waitFor({ timeout: 15_000 });
    const settledToday = page.locator("[data-settled=GP] td [title]").first();
    expect(parseEther(((await settledToday.getAttribute("title")) ?? "0").split(" ")[0] as "0")).toBe(BigInt(paid));
    await page.locator("[data-follower=following], [data-follower=still]").waitFor();
    expect(Number(await page.locator("[data-figure=head]").textContent())).toBeGreaterThan(0);
  });
});
