import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { market as marketSchema } from "@corepool/protocol/resources";
import { createPublicClient, http, parseEventLogs } from "viem";
import type { RunningMarket } from "./market.ts";

/** The market's books as the chain has them: every account's cash, live escrow, fees, and the tokens they stand for. */
export async function books(running: RunningMarket) {
  const { url, rpcUrl } = await running.file();
  const market = marketSchema.parse(await (await fetch(`${url}/v1/market`)).json());
  const reader = createPublicClient({ transport: http(rpcUrl) });
  const { leaseMarket, gp } = market.contracts;
  const logs = await reader.getLogs({ address: leaseMarket, fromBlock: 0n });
  const events = parseEventLogs({ abi: leaseMarketAbi, logs });
  const accounts = new Set<`0x${string}`>();
  const know = (account: string): void => void accounts.add(account.toLowerCase() as `0x${string}`);
  const settled = new Map<string, bigint>();
  let escrow = 0n;
  for (const event of events) {
    if (event.eventName === "Deposited") know(event.args.account);
    if (event.eventName === "LeaseOpened") {
      const payTo = event.args.payToStartGraceFee >> 96n;
      for (const account of [event.args.client, event.args.provider, `0x${payTo.toString(16).padStart(40, "0")}`])
        know(account);
      escrow += event.args.escrowEnds >> 128n;
    }
    if (event.eventName === "LeaseSettled") escrow -= event.args.amount + event.args.fee;
    if (event.eventName === "LeaseSettled") settled.set(event.args.lease, event.args.total);
    if (event.eventName === "LeaseClosed") {
      escrow -= event.args.refund + event.args.paid - (settled.get(event.args.lease) ?? 0n);
    }
  }
  let cash = 0n;
  for (const account of accounts) {
    const [own] = await reader.readContract({
      address: leaseMarket,
      abi: leaseMarketAbi,
      functionName: "accountOf",
      args: [gp, account],
    });
    cash += own;
  }
  const fees = await reader.readContract({
    address: leaseMarket,
    abi: leaseMarketAbi,
    functionName: "feesOf",
    args: [gp],
  });
  const tokens = await reader.readContract({
    address: gp,
    abi: gpTokenAbi,
    functionName: "balanceOf",
    args: [leaseMarket],
  });
  const closed = events.filter((e) => e.eventName === "LeaseClosed");
  const opened = events.filter((e) => e.eventName === "LeaseOpened");
  return { market, reader, cash, escrow, fees, tokens, opened, closed };
}
