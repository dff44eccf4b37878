import { CorepoolError } from "@corepool/core/errors";
import { formatAmount, parseAmount, type Token } from "@corepool/core/money";
import { EXIT } from "@corepool/protocol/problems";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getLease } from "@corepool/protocol/routes/workloads";
import { keySigner } from "@corepool/sdk/adapters/key";
import { call } from "@corepool/sdk/call";
import { balancesOf, cancelAll, deposit, finalizeClose, requestClose, withdraw } from "@corepool/sdk/chain";
import type { Command } from "commander";
import { isAddress } from "viem";
import { chainAlone, chainOf, connect, keyOf, tokenOf } from "../connection.ts";
import { table } from "../output.ts";
import { ensureKey } from "../wallet-file.ts";
import type { Action } from "./jobs.ts";

/** Rejects with `insufficient-funds` when there is less than is to be moved, and with `bad-amount` for nothing. */
export function checkHeld(where: string, held: bigint, wanted: bigint, token: Token): void {
  if (wanted === 0n)
    throw new CorepoolError("bad-amount", {
      detail: `There is nothing to move: ${where} has ${formatAmount(held, token)} ${token.symbol}.`,
      next: "Name an amount above 0.",
    });
  if (wanted > held)
    throw new CorepoolError("insufficient-funds", {
      detail: `${formatAmount(wanted, token)} ${token.symbol} is more than there is: ${where} has ${formatAmount(held, token)} ${token.symbol}.`,
      next: "Name a smaller amount; see all balances with: corepool wallet",
    });
}

/** `corepool wallet …`: the client's own money. Deposits and exits are the wallet's own transactions. */
export function addWallet(program: Command, action: Action): void {
  const wallet = program
    .command("wallet")
    .description("your balances; deposit, withdraw, cancel what you signed")
    .addHelpText(
      "after",
      "\nExamples:\n  $ corepool wallet\n  $ corepool wallet deposit 100 GP\n  $ corepool wallet withdraw 50 GP --to 0x…",
    );

  wallet
    .command("show", { isDefault: true })
    .description("balances: in the wallet, in the market, in escrow")
    .action((_: unknown, command: Command) =>
      action(async (context) => {
        const connection = await connect(context, { reads: true });
        const account = await call(connection.client, getAccount, {});
        context.output.line(account.address);
        const rows = account.balances.map((b) => [
          `  ${b.symbol}`,
          `cash ${formatAmount(BigInt(b.cash), b)}`,
          `escrow ${formatAmount(BigInt(b.escrowed), b)}`,
          `wallet ${formatAmount(BigInt(b.wallet), b)}`,
        ]);
        for (const line of table(rows)) context.output.line(line);
        context.output.data(account);
        return EXIT.ok;
      }, command),
    );

  wallet
    .command("create")
    .description("make a wallet on this machine, if there is none")
    .action((_: unknown, command: Command) =>
      action(async (context) => {
        const path = context.options.wallet ?? context.home.wallet;
        const { address } = keySigner(await ensureKey(path, context.random));
        context.output.line(`${address}\n  its key is in ${path}; keep a copy, nobody can restore it`);
        context.output.data({ address, path });
        return EXIT.ok;
      }, command),
    );

  wallet
    .command("deposit")
    .description("move money from the wallet into the market")
    .argument("<amount>")
    .argument("<token>")
    .action((text: string, symbol: string, _: unknown, command: Command) =>
      action(async (context) => {
        const connection = await connect(context);
        const token = tokenOf(connection.market, symbol);
        const amount = parseAmount(text, token);
        const chain = await chainOf(connection);
        const own = keySigner(keyOf(connection)).address;
        checkHeld("the wallet", (await balancesOf(chain, token.address, own)).wallet, amount, token);
        const tx = await deposit(chain, own, token.address, amount);
        context.output.line(`${context.output.good("✓")} deposited ${text} ${token.symbol} in ${tx}`);
        context.output.data({ tx });
        return EXIT.ok;
      }, command),
    );

  wallet
    .command("withdraw")
    .description("move money out of the market; needs no coordinator's consent and cannot be paused")
    .argument("<amount>", "how much, or all")
    .argument("<token>")
    .option("--to <address>", "where to (default: your wallet)")
    .action((text: string, symbol: string, options: { readonly to?: string }, command: Command) =>
      action(async (context) => {
        const connection = await connect(context);
        const chain = await chainOf(connection);
        const token = tokenOf(connection.market, symbol);
        const own = keySigner(keyOf(connection)).address;
        const to = options.to ?? own;
        if (!isAddress(to))
          throw new CorepoolError("bad-usage", {
            detail: `--to "${to}" is not an address.`,
            next: "Write 0x and 40 hexadecimal digits.",
          });
        const { cash } = await balancesOf(chain, token.address, own);
        const amount = text === "all" ? cash : parseAmount(text, token);
        checkHeld("your cash in the market", cash, amount, token);
        const tx = await withdraw(chain, token.address, to, amount);
        context.output.line(
          `${context.output.good("✓")} withdrew ${formatAmount(amount, token)} ${token.symbol} to ${to} in ${tx}`,
        );
        context.output.data({ tx, amount });
        return EXIT.ok;
      }, command),
    );

  wallet
    .command("cancel-all")
    .description("void every offer, order and mandate you have signed so far; asks no coordinator")
    .action((_: unknown, command: Command) =>
      action(async (context) => {
        const tx = await cancelAll(await chainAlone(context));
        context.output.line(`${context.output.good("✓")} everything signed so far is void, in ${tx}`);
        context.output.data({ tx });
        return EXIT.ok;
      }, command),
    );
}

/** `corepool lease …`: the exits that need no platform. */
export function addLease(program: Command, action: Action): void {
  const lease = program.command("lease").description("show a lease; leave one without the platform");
  const close = (name: string, description: string, send: typeof requestClose): void => {
    lease
      .command(name)
      .description(description)
      .argument("<lease>", "a lease's id (0x…)")
      .action((id: string, _: unknown, command: Command) =>
        action(async (context) => {
          const connection = await connect(context);
          const { terms } = await call(connection.client, getLease, { params: { id: id as `0x${string}` } });
          if (terms === null)
            throw new CorepoolError("lease-not-open", {
              detail: "The lease is not open on chain.",
              next: "Nothing is locked in it.",
            });
          const tx = await send(await chainOf(connection), terms);
          context.output.line(`${context.output.good("✓")} sent in ${tx}`);
          context.output.data({ tx });
          return EXIT.ok;
        }, command),
      );
  };
  lease
    .command("show")
    .description("show a lease: its terms, its payment notes and how it stands on chain")
    .argument("<lease>", "a lease's id (0x…)")
    .action((id: string, _: unknown, command: Command) =>
      action(async (context) => {
        const { client } = await connect(context, { reads: true });
        const view = await call(client, getLease, { params: { id: id as `0x${string}` } });
        for (const line of table(
          Object.entries(view).map(([k, v]) => [k, typeof v === "object" ? JSON.stringify(v) : String(v)]),
        ))
          context.output.line(line);
        context.output.data(view);
        return EXIT.ok;
      }, command),
    );
  close("close", "ask to end a lease; after the market's window anyone may finalise it", requestClose);
  close("finalize", "end a lease whose window has passed and take the refund", finalizeClose);
}
