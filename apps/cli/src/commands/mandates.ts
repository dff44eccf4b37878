import { CorepoolError } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import { formatAmount } from "@corepool/core/money";
import { EXIT } from "@corepool/protocol/problems";
import { dropMandate, listMandates } from "@corepool/protocol/routes/accounts";
import { keySigner } from "@corepool/sdk/adapters/key";
import { call } from "@corepool/sdk/call";
import { balancesOf, revokeMandate } from "@corepool/sdk/chain";
import { handMandate, type MandateBounds, mandateFor, signMandate } from "@corepool/sdk/mandates";
import { wholeList } from "@corepool/sdk/pages";
import type { Command } from "commander";
import { isAddress } from "viem";
import {
  addressNow,
  chainAlone,
  chainOf,
  clientAlone,
  connect,
  keyOf,
  type MarketToken,
  tokenOf,
} from "../connection.ts";
import type { Context } from "../context.ts";
import { type KeptMandate, keptMandate, keptMandates, saveMandate } from "../mandate-file.ts";
import { table } from "../output.ts";
import { parseDuration, parseMoney, parseRate } from "../quantities.ts";
import type { Action } from "./jobs.ts";

/** How long the coordinator is waited for after a revocation; the chain has the last word already. */
const DROP_PATIENCE_MS = 5_000;

const EXAMPLES = `
A mandate lets the market's operator sign orders and payment notes for you, so that nothing of
yours needs to run. It is the one thing that trusts the operator: within its bounds he could
waste your money, never beyond.

Examples:
  $ corepool mandate grant --max-rate 1/h --max-escrow 5 --max-total 20 --expires 7d
  $ corepool mandate grant --max-rate 1/h --max-escrow 5 --max-total 20 --providers 0x…,0x…
  $ corepool run --mandate mdt_01… -- python3 train.py
  $ corepool mandate revoke mdt_01…`;

interface GrantOptions {
  readonly maxRate: string;
  readonly maxTotal: string;
  readonly maxEscrow: string;
  readonly providers?: string;
  readonly expires: string;
  readonly token: string;
}

function parseProviders(text: string | undefined): readonly Address[] {
  const words = (text ?? "").split(",").map((word) => word.trim());
  const named = [...new Set(words.filter((word) => word !== "").map((word) => word.toLowerCase()))];
  const wrong = named.find((word) => !isAddress(word));
  if (wrong !== undefined || (text !== undefined && named.length === 0))
    throw new CorepoolError("bad-usage", {
      detail: `--providers "${wrong ?? text}" is no provider's address.`,
      next: "Write 0x and 40 hexadecimal digits, several separated by commas.",
    });
  return named as Address[];
}

/** Rejects with `bad-usage` for bounds under which nothing could be rented, or which contradict each other. */
export function checkBounds(bounds: Pick<MandateBounds, "maxRate" | "maxEscrow" | "maxTotal">): void {
  for (const [flag, value] of [
    ["--max-rate", bounds.maxRate],
    ["--max-total", bounds.maxTotal],
    ["--max-escrow", bounds.maxEscrow],
  ] as const)
    if (value === 0n)
      throw new CorepoolError("bad-usage", {
        detail: `${flag} is 0: nothing could be rented under such a mandate.`,
        next: `Give ${flag} a value above 0.`,
      });
  if (bounds.maxEscrow > bounds.maxTotal)
    throw new CorepoolError("bad-usage", {
      detail: "--max-escrow, the most for one lease, is above --max-total, the most for all leases together.",
      next: "Lower --max-escrow, raise --max-total, or leave --max-escrow out.",
    });
}

/** What the bounds mean, in words, before anything is signed. */
export function boundsInWords(bounds: MandateBounds, operator: Address, token: MarketToken): readonly string[] {
  const money = (amount: bigint) => `${formatAmount(amount, token)} ${token.symbol}`;
  const whose = bounds.providers.length === 0 ? "any provider" : `${bounds.providers.length} named provider(s)`;
  const smaller = bounds.maxEscrow < bounds.maxTotal ? `, at most ${money(bounds.maxEscrow)} in one lease` : "";
  return [
    `The operator ${operator} may sign for you until ${new Date(bounds.expiry * 1000).toISOString()}:`,
    `  machines of ${whose}, at most ${money(bounds.maxRate * 3600n)}/h each${smaller}, ${money(bounds.maxTotal)} in all.`,
    `  Largest loss if he is dishonest: ${money(bounds.maxTotal)}, all of it. It can be revoked.`,
  ];
}

/**
 * Revokes on chain what this machine signed under the id, then tells the coordinator. The coordinator is the one that
 * a revocation is a defence against: it is neither asked what the id stands for nor waited for.
 */
async function revoke(context: Context, id: string): Promise<number> {
  const { output, home } = context;
  const copies = await keptMandates(home, id);
  const first = copies[0];
  if (first === undefined)
    throw new CorepoolError("not-found", {
      detail: `${home.mandates} has no copy of ${id}, and the operator's word for what it says is not to be trusted.`,
      next: "Revoke it where it was granted, or void everything you have signed so far with: corepool wallet cancel-all",
    });
  const txs: Hex[] = [];
  for (const copy of copies) {
    const tx = await revokeMandate(await chainAlone(context, copy), copy.mandate);
    output.line(`${output.good("✓")} revoked on chain in ${tx}: no order under it opens a lease any more`);
    txs.push(tx);
  }
  const told = first.id === null ? undefined : await drop(context, first, first.id);
  if (told !== undefined)
    output.line(
      told === true
        ? `${output.good("✓")} the coordinator uses ${id} no more`
        : `! the coordinator was not told (${told}); the chain refuses the mandate all the same`,
    );
  output.data({ id, tx: txs[0], txs, coordinatorTold: told === true });
  return EXIT.ok;
}

/** True, or why the coordinator could not be told. */
async function drop(context: Context, kept: KeptMandate, id: string): Promise<true | string> {
  try {
    const url = await addressNow(context, kept);
    await call(await clientAlone(context, url, DROP_PATIENCE_MS), dropMandate, { params: { id } });
    return true;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
  }
}

/** `corepool mandate …`: what the operator may sign for you. */
export function addMandate(program: Command, action: Action): void {
  const mandate = program
    .command("mandate")
    .description("let the operator sign for you, within bounds; list and revoke that")
    .addHelpText("after", EXAMPLES);

  mandate
    .command("grant")
    .description("sign a mandate; prints its largest loss before it is signed")
    .requiredOption("--max-rate <rate>", "highest price, like 1.5/h or 0.0004/s")
    .requiredOption("--max-total <amount>", "most that all leases under it may put in escrow: the largest loss")
    .option("--max-escrow <amount>", "most that one lease may put in escrow (default: the total)")
    .option("--providers <addresses>", "only these providers, separated by commas")
    .option("--expires <duration>", "how long it is good", "7d")
    .option("--token <symbol>", "what is paid in", "GP")
    .action((options: GrantOptions, command: Command) =>
      action(async (context) => {
        const { output, clock, home } = context;
        const connection = await connect(context);
        const { client, market } = connection;
        const signer = keySigner(keyOf(connection));
        const token = tokenOf(market, options.token);
        const maxTotal = parseMoney(options.maxTotal, token, "--max-total");
        const maxEscrow =
          options.maxEscrow === undefined ? maxTotal : parseMoney(options.maxEscrow, token, "--max-escrow");
        const maxRate = parseRate(options.maxRate, token, "--max-rate");
        checkBounds({ maxRate, maxEscrow, maxTotal });
        const bounds: MandateBounds = {
          token: token.address,
          maxRate,
          maxEscrow,
          maxTotal,
          providers: parseProviders(options.providers),
          expiry: Math.floor(clock.now() / 1000) + parseDuration(options.expires, "--expires"),
        };
        for (const line of boundsInWords(bounds, market.relayer, token)) output.line(line);
        const { counter } = await balancesOf(await chainOf(connection), token.address, signer.address);
        const message = mandateFor(client, market, signer.address, counter, bounds);
        const kept = keptMandate(client.url, connection.rpcUrl, market, message);
        const signed = await signMandate(market, signer, message, bounds.providers);
        const { signature } = signed;
        // What was signed must be known to whoever has to revoke it, before anybody else has it.
        await saveMandate(home, { ...kept, signature });
        const id = await handMandate(client, signed).catch((error: unknown) => {
          // The signature may have arrived all the same.
          if (!(error instanceof CorepoolError)) throw error;
          const next = `If the operator may have got it, take it back: corepool mandate revoke ${kept.hash}`;
          throw new CorepoolError(error.code, { detail: error.message, next, data: error.data, cause: error });
        });
        await saveMandate(home, { ...kept, signature, id });
        output.line(`${output.good("✓")} ${id} is granted: corepool run --mandate ${id} -- …`);
        output.line(`  to take it back: corepool mandate revoke ${id}`);
        output.data({ id, mandate: message, providers: bounds.providers, largestLoss: bounds.maxTotal });
        return EXIT.ok;
      }, command),
    );

  mandate
    .command("list", { isDefault: true })
    .description("what you have granted, and how much of it is committed")
    .action((_: unknown, command: Command) =>
      action(async (context) => {
        const { client, market } = await connect(context, { reads: true });
        const page = await wholeList((query) => call(client, listMandates, { query }));
        const rows = page.data.map(({ id, mandate: m, providers, committed, revokedAt }) => {
          const token = tokenOf(market, m.token);
          const expired = m.expiry * 1000 <= context.clock.now();
          return [
            id,
            revokedAt !== null ? "revoked" : expired ? "expired" : "granted",
            `${formatAmount(BigInt(committed), token)} of ${formatAmount(BigInt(m.maxTotal), token)} ${token.symbol}`,
            `at most ${formatAmount(BigInt(m.maxRate) * 3600n, token)} ${token.symbol}/h`,
            providers.length === 0 ? "any provider" : `${providers.length} provider(s)`,
            `until ${new Date(m.expiry * 1000).toISOString().slice(0, 16)}Z`,
          ];
        });
        for (const line of table(rows)) context.output.line(line);
        if (rows.length === 0) context.output.line("You have granted nothing.");
        context.output.data(page);
        return EXIT.ok;
      }, command),
    );

  mandate
    .command("revoke")
    .description("take a mandate back: on chain for good, from the copy kept here, then at the coordinator")
    .argument("<id>", "a mandate's id (mdt_…), or the hash that a failed grant has named")
    .action((id: string, _: unknown, command: Command) => action((context) => revoke(context, id), command));
}
