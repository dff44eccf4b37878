import { CorepoolError, codeOf } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import { newId } from "@corepool/core/ids";
import type { ChainWriter } from "@corepool/core/ports/chain";
import { testUsdcAbi } from "@corepool/protocol/abi/test-usdc.gen";
import { transferCalldata } from "@corepool/protocol/market/tokens";
import type { FaucetGrant, FaucetView } from "@corepool/protocol/resources";
import { type Selectable, sql } from "kysely";
import { encodeFunctionData, zeroAddress } from "viem";
import { type ListedToken, lower, timestampOf } from "../market/context.ts";
import type { Tx } from "../platform/database/database.ts";
import type { DomainTables } from "../platform/database/domain-tables.ts";
import type { Platform } from "../platform/parts.ts";

/** The queue of grants that are to be sent. */
export const FAUCET = "faucet";

/** The chain that `corepool up` runs: nothing on it is worth anything. */
const LOCAL_CHAIN = 31_337;
const DAY_MS = 86_400_000;
/** Grants of one address within a day. */
export const PER_ADDRESS = 2;
/** Whole tokens of each kind, and of the chain's own coin for gas. */
const TOKENS = 100n;
const GAS_WEI = 10n ** 18n;

type Row = Selectable<DomainTables["faucet_grants"]>;

const viewOf = (row: Row): FaucetGrant => ({
  id: row.id,
  address: row.address,
  state: row.state,
  detail: row.detail,
  gives: row.gives as FaucetGrant["gives"],
  transactions: row.transactions as FaucetGrant["transactions"],
  createdAt: timestampOf(row.created_at.getTime()),
});

export interface FaucetParts {
  readonly platform: Pick<Platform, "clock" | "random" | "jobs" | "deployment"> & {
    readonly config: Pick<Platform["config"], "faucetPerDay">;
    readonly database: Pick<Platform["database"], "reader" | "transaction">;
  };
  readonly tokens: readonly ListedToken[];
}

/**
 * Test funds for whoever asks, on a local chain only: the relayer hands out play GP that it was given for this, mints the
 * test dollar, which anyone may, and adds gas money. So much per address and for all within a day; what was asked for is
 * kept before it is sent, and sent once.
 */
export class Faucet {
  readonly #parts: FaucetParts;
  readonly #gives: FaucetView["gives"];

  /** Throws `setup-failed` for a faucet on any other chain than a local one. */
  constructor(parts: FaucetParts) {
    const { config, deployment } = parts.platform;
    this.#parts = parts;
    if (config.faucetPerDay > 0 && deployment.chainId !== LOCAL_CHAIN) {
      throw new CorepoolError("setup-failed", {
        detail: `COREPOOL_FAUCET_PER_DAY is set, but chain ${deployment.chainId} is not a local one.`,
        next: "Unset COREPOOL_FAUCET_PER_DAY.",
      });
    }
    this.#gives = [
      { token: null, symbol: "ETH", decimals: 18, amount: String(GAS_WEI) },
      ...parts.tokens.map(({ address, symbol, decimals }) => ({
        token: address,
        symbol,
        decimals,
        amount: String(TOKENS * 10n ** BigInt(decimals)),
      })),
    ];
  }

  /** What the market's description says of it; null when there is none. */
  view(): FaucetView | null {
    const perDay = this.#parts.platform.config.faucetPerDay;
    return perDay === 0 ? null : { gives: this.#gives, perAddressPerDay: PER_ADDRESS, perDay };
  }

  /** Takes a request in, within the caps. Rejects with `no-faucet` or `faucet-empty`. */
  async ask(to: Address, settle: (tx: Tx, grant: FaucetGrant) => Promise<FaucetGrant>): Promise<FaucetGrant> {
    const { platform } = this.#parts;
    if (this.view() === null) {
      throw new CorepoolError("no-faucet", {
        detail: "This market gives no test funds.",
        next: "Send the account funds from another one, or start a local market: corepool up.",
      });
    }
    const address = lower(to);
    if (address === zeroAddress)
      throw new CorepoolError("bad-request", {
        detail: "The zero address is nobody's.",
        next: "Name the address that is to receive the funds.",
      });
    return platform.database.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('faucet', 0))`.execute(tx);
      const now = platform.clock.now();
      await this.#checkRoom(tx, address, now);
      const row = await tx
        .insertInto("faucet_grants")
        .values({
          id: newId("fct", platform.clock, platform.random),
          address,
          gives: JSON.stringify(this.#gives),
          state: "queued",
          detail: null,
          transactions: "[]",
          created_at: new Date(now),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await platform.jobs.sendOnCommit(tx, FAUCET, { id: row.id });
      return settle(tx, viewOf(row));
    });
  }

  async #checkRoom(tx: Tx, address: Address, now: number): Promise<void> {
    const recent = await tx
      .selectFrom("faucet_grants")
      .select(["address", "created_at"])
      .where("created_at", ">", new Date(now - DAY_MS))
      // What failed counts too where a part of it was sent.
      .where((row) => row.or([row("state", "<>", "failed"), row(sql<string>`transactions::text`, "<>", "[]")]))
      .orderBy("created_at")
      .execute();
    const own = recent.filter((row) => row.address === address);
    const [full, which] =
      own.length >= PER_ADDRESS
        ? [own[own.length - PER_ADDRESS], `this address ${PER_ADDRESS} times`]
        : recent.length >= this.#parts.platform.config.faucetPerDay
          ? [recent[recent.length - this.#parts.platform.config.faucetPerDay], `${recent.length} times in all`]
          : [undefined, ""];
    if (full === undefined) return;
    const retryAfter = Math.max(1, Math.ceil((full.created_at.getTime() + DAY_MS - now) / 1000));
    throw new CorepoolError("faucet-empty", {
      detail: `The faucet has given to ${which} within a day, which is all it may.`,
      next: "Wait, or send the account funds from another one.",
      data: { retryAfter },
    });
  }

  /** A grant. Rejects with `not-found`. */
  async grant(id: string): Promise<FaucetGrant> {
    const row = await this.#row(id);
    if (row !== undefined) return viewOf(row);
    throw new CorepoolError("not-found", {
      detail: `There is no grant ${id}.`,
      next: "Ask the faucet: POST /v1/faucet.",
    });
  }

  /** Sends a grant's transactions, each once however often this is called. */
  async send(id: string, writer: ChainWriter): Promise<void> {
    const row = await this.#row(id);
    if (row === undefined || row.state !== "queued") return;
    const { address, gives } = viewOf(row);
    const transactions: Hex[] = [];
    try {
      // The gas money last: a token that cannot be given takes none of it along.
      for (const { token, amount } of [...gives].sort((a, b) => Number(a.token === null) - Number(b.token === null))) {
        const intent = `faucet:${id}:${token ?? "gas"}`;
        const outcome = await writer.send({ intent, ...this.#transaction(address, token, BigInt(amount)) });
        if (outcome.status === "reverted") {
          const detail = outcome.reason ?? "the token refused";
          throw new CorepoolError("call-reverted", { detail });
        }
        transactions.push(outcome.hash);
      }
      await this.#finish(id, { state: "given", transactions: JSON.stringify(transactions) });
    } catch (error) {
      if (codeOf(error) !== "call-reverted") throw error;
      const detail = error instanceof Error ? error.message : String(error);
      await this.#finish(id, { state: "failed", detail, transactions: JSON.stringify(transactions) });
    }
  }

  #transaction(to: Address, token: Address | null, amount: bigint) {
    if (token === null) return { to, data: "0x", value: amount } as const;
    const { gpToken } = this.#parts.platform.deployment;
    const data = sameAddress(token, gpToken)
      ? transferCalldata(to, amount)
      : encodeFunctionData({ abi: testUsdcAbi, functionName: "mint", args: [to, amount] });
    return { to: token, data };
  }

  #row(id: string): Promise<Row | undefined> {
    return this.#parts.platform.database.reader
      .selectFrom("faucet_grants")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
  }

  async #finish(
    id: string,
    change: { readonly state: Row["state"]; readonly detail?: string; readonly transactions?: string },
  ): Promise<void> {
    const { reader } = this.#parts.platform.database;
    await reader.updateTable("faucet_grants").set(change).where("id", "=", id).execute();
  }
}
