import { CorepoolError } from "@corepool/core/errors";
import { toHex } from "@corepool/core/hex";
import type { Market, WorkloadView } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { cancelWorkload, getWorkload, listWorkloads } from "@corepool/protocol/routes/workloads";
import { balancesOf, deposit } from "@corepool/sdk/chain";
import { keptJobOf } from "@corepool/sdk/kept-job";
import { submitUnderMandate } from "@corepool/sdk/mandated-run";
import { orderPlaced, type RunContext, type RunRequest, submitRequest, wishOf } from "@corepool/sdk/run";
import { call, client } from "../data/client.ts";
import { keyOf, queries } from "../data/query.ts";
import { chainFor, checkShown, sendingChain } from "../identity/chain.ts";
import { keyHome } from "../identity/identity.ts";
import type { KeyHome } from "../identity/port.ts";
import type { KeptMandate } from "../mandates/copy.ts";
import { giveGrant, signGrant } from "../mandates/sign.ts";
import { forgetJob, keepJob, keptJobNamed } from "./kept.ts";
import { attendance, attendNow } from "./start.ts";

/** What a person agreed to before anything was signed. Base units; the rate is per second. */
export interface Agreed {
  readonly rate: bigint;
  readonly escrow: bigint;
  /** Most that may be deposited from the wallet first. */
  readonly deposit: bigint;
  /** Longest grace of the offer that is signed: with the interval, what a machine that vanishes may keep. */
  readonly graceSeconds: number;
  /** Who pays while it runs: this browser, or the market's operator under a mandate for just this escrow. */
  readonly payer: "browser" | "operator";
}

/** How far an order has come, for those who wait for it. */
export type Step = "key" | "upload" | "deposit" | "sign" | "order";

/** An order under way. It may be tried again after a failure, and goes on where it stopped. */
export interface Ordering {
  /** Resolves with the workload's id once its lease is about to open. */
  readonly go: () => Promise<string>;
  /** Takes back what is placed and not ordered; a mandate that was signed for it stays valid, and `left` is told so. */
  readonly drop: () => Promise<void>;
}

/** A mandate outlives its job by this, so that its last note can be signed. */
const MANDATE_SLACK_S = 3_600;

/**
 * Deposits what the chain itself says is missing, and never more than was agreed: the coordinator's word of a balance may
 * be wrong, or not know yet of a deposit that an earlier try has made.
 */
function fundingOf(
  market: Market,
  home: KeyHome,
  most: bigint,
  step: (now: Step) => void,
): NonNullable<RunContext["fund"]> {
  return async (token, _, escrow) => {
    step("deposit");
    const chain = await sendingChain(market, home);
    const { cash, wallet } = await balancesOf(chain, token, home.signer.address);
    const short = escrow - cash;
    if (short > most)
      throw new CorepoolError("insufficient-funds", {
        detail: `${short} base units would have to be deposited, and ${most} were agreed to.`,
        next: "Close this and look at the sum again.",
      });
    if (short > 0n && wallet < short)
      throw new CorepoolError("insufficient-funds", {
        detail: `The deposit needs ${short} base units, and the wallet holds ${wallet}.`,
        next: "Receive more of the token first, or ask for a shorter time.",
      });
    if (short > 0n) await deposit(chain, home.signer.address, token, short);
    step("sign");
  };
}

/**
 * An order for a request within what was agreed. The agreed rate, escrow and grace become limits of the request itself, so that
 * neither placement nor a signature can go beyond them, now or when the job has to be ordered again. `left`: a mandate was
 * signed that is not used, valid until then, in seconds since the epoch.
 */
export function orderingOf(
  market: Market,
  request: RunRequest,
  agreed: Agreed,
  { step, left }: { readonly step: (now: Step) => void; readonly left: (expiry: number) => void },
): Ordering {
  const bounded: RunRequest = {
    ...request,
    constraints: { ...request.constraints, maxRate: String(agreed.rate), maxEscrow: String(agreed.escrow) },
    maxGraceSeconds: agreed.graceSeconds,
  };
  let placed: WorkloadView | undefined;
  /** Signed by an earlier try: another one would let the operator spend the escrow twice. */
  let signed: KeptMandate | undefined;
  /** Of the workload under it: a try whose answer was lost is not submitted again. */
  const submission = toHex(client.random.bytes(16));
  const done = (id: string): string => {
    placed = undefined;
    for (const route of [listWorkloads, getAccount]) void queries.invalidateQueries({ queryKey: keyOf(route) });
    return id;
  };

  const underMandate = async (home: KeyHome, fund: NonNullable<RunContext["fund"]>): Promise<string> => {
    const { token, providers = [] } = bounded.constraints;
    const account = await call(getAccount, {});
    const cash = BigInt(account.balances.find((each) => each.token.toLowerCase() === token.toLowerCase())?.cash ?? "0");
    if (cash < agreed.escrow) await fund(token, agreed.escrow - cash, agreed.escrow);
    step("sign");
    const expiry = Math.floor(client.clock.now() / 1_000) + wishOf(bounded).spec.durationSeconds + MANDATE_SLACK_S;
    const bounds = {
      token,
      maxRate: agreed.rate,
      maxEscrow: agreed.escrow,
      maxTotal: agreed.escrow,
      providers,
      expiry,
    };
    signed ??= await signGrant(market, home, bounds);
    step("order");
    const mandate = await giveGrant(signed);
    const { id } = await submitUnderMandate({ client, market, signer: home.signer }, bounded, mandate, submission);
    signed = undefined;
    return id;
  };

  /** The workload, when an earlier try's order was taken after all. */
  const orderedBefore = async (): Promise<string | undefined> => {
    if (placed === undefined) return undefined;
    const { id } = placed;
    const { state } = await call(getWorkload, { params: { id } });
    if (state === "pending") return undefined;
    placed = undefined;
    if ((await keptJobNamed(id)) === undefined) return undefined;
    void attendNow(id);
    return id;
  };

  return {
    go: async () => {
      step("key");
      const home = await keyHome();
      await checkShown(market, await chainFor(market, home), bounded.constraints.token);
      const fund = fundingOf(market, home, agreed.deposit, step);
      if (agreed.payer === "operator") return done(await underMandate(home, fund));
      const ordered = await orderedBefore();
      if (ordered !== undefined) return done(ordered);
      await attendance();
      step("upload");
      placed ??= await submitRequest({ client }, bounded);
      const { id } = placed;
      step("sign");
      const keep: RunContext["keep"] = async (ordered) => {
        await keepJob(keptJobOf(client.url, ordered, { provenMs: 0, total: 0n }));
        step("order");
      };
      // An order that failed may have been taken all the same, whatever was answered: its key stays until it is dropped.
      await orderPlaced({ client, market, signer: home.signer, fund, keep }, placed, wishOf(bounded));
      void attendNow(id);
      return done(id);
    },
    drop: async () => {
      if (signed !== undefined) {
        const { expiry } = signed.mandate;
        signed = undefined;
        left(expiry);
      }
      if (placed === undefined) return;
      const { id } = placed;
      placed = undefined;
      await call(cancelWorkload, { params: { id } });
      await forgetJob(id);
    },
  };
}
