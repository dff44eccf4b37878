import type { Address, Hex } from "@corepool/core/hex";
import type { PrivateKeyAccount } from "viem/accounts";
import * as leases from "./leases.ts";
import { actor, type Cost, startWorld, type World } from "./world.ts";

/** name → value; names ending in `created_slots…` count storage slots, all others are gas. */
export type Figures = Record<string, number>;

/** A lease as the benchmarks keep it: what opened it and how often its unit had been leased before. */
interface Lease {
  readonly terms: leases.Terms;
  readonly client: leases.Client;
  readonly provider: PrivateKeyAccount;
}

const RELAYER = actor("relayer").address;
/** Seconds that each measured lease is billed for. */
const SERVED = 60;
/** Offers under one signed root, as a machine with some units or a schedule of prices has. */
const TREE = 16;

/**
 * Measures every path on a chain of its own: gasUsed of real transactions, calldata included, on the committed bytecode.
 * The same figures every time. Takes some 60 s, most of them to have 10,000 leases open.
 * @param mostOpen how many leases to have open at most
 */
export async function measure(mostOpen = 10_000): Promise<Figures> {
  const world = await startWorld();
  try {
    return await new Bench(world).run(mostOpen);
  } finally {
    await world.node.stop();
  }
}

class Bench {
  private readonly figures: Figures = {};
  private readonly seqs = new Map<string, number>();
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  async run(mostOpen: number): Promise<Figures> {
    const provider = actor("provider");
    const client = await this.client("client");
    await this.world.fund(provider.address, 1n);
    const offers = await leases.batchOf(this.world, provider, 1n, TREE);
    await this.single(provider, client, offers);
    await this.otherPaths(provider, client, offers);
    for (const size of [1, 10, 100]) await this.batches(size);
    await this.crowd(provider, client, offers, mostOpen);
    return this.figures;
  }

  /** First use, then reuse: the anchor figures. */
  private async single(provider: PrivateKeyAccount, client: leases.Client, offers: leases.SignedOffers): Promise<void> {
    const first = await this.open(provider, await leases.orderFor(this.world, offers, 0, client), client);
    this.figures["lease.open.first_use"] = first.cost.gas;
    this.figures["lease.created_slots.first_use"] = await this.world.createdSlots(first.cost.hash);
    await this.close(first.lease, "provider");

    const open = await this.open(provider, await leases.orderFor(this.world, offers, 0, client), client);
    const close = await this.close(open.lease, "provider");
    this.figures["lease.open.single"] = open.cost.gas;
    this.figures["lease.close.single"] = close.gas;
    this.figures["lease.whole.single"] = open.cost.gas + close.gas;
    this.figures["lease.created_slots.reuse"] =
      (await this.world.createdSlots(open.cost.hash)) + (await this.world.createdSlots(close.hash));

    const again = await this.open(provider, await leases.orderFor(this.world, offers, 0, client), client);
    const relayed = await this.close(again.lease, "relayed");
    this.figures["lease.close.relayed"] = relayed.gas;
    this.figures["lease.whole.relayed"] = again.cost.gas + relayed.gas;
  }

  private async otherPaths(
    provider: PrivateKeyAccount,
    client: leases.Client,
    offers: leases.SignedOffers,
  ): Promise<void> {
    const order = () => leases.orderFor(this.world, offers, 0, client);
    const own = await this.open(provider, { ...(await order()), orderSig: "0x" }, client, client.account.address);
    this.figures["lease.open.client_sent"] = own.cost.gas;
    const note = await leases.noteFor(this.world, own.lease.terms, client.key, SERVED);
    const settled = await this.world.send(RELAYER, this.world.domain.market, leases.settleData(note));
    this.figures["lease.settle.midway"] = settled.gas;
    await this.close({ ...own.lease, terms: { ...own.lease.terms, paid: note.total } }, "provider");

    const alone = await leases.singleOffer(this.world, provider, 1n);
    const single = await this.open(provider, await leases.orderFor(this.world, alone, 0, client), client);
    this.figures["lease.open.single_offer"] = single.cost.gas;
    await this.close(single.lease, "provider");

    const tall = await leases.batchOf(this.world, provider, 1n, 128);
    const high = await this.open(provider, await leases.orderFor(this.world, tall, 0, client), client);
    this.figures["lease.open.tree128"] = high.cost.gas;
    await this.close(high.lease, "provider");

    const operator = actor("operator");
    const mandate = await leases.mandateOf(this.world, client, operator.address);
    // The operator's nonces are the mandate's own; counting on with the client's is as good.
    for (const name of ["lease.open.mandate_first", "lease.open.mandate"]) {
      const under = await this.open(
        provider,
        await leases.orderFor(this.world, offers, 0, client, operator, mandate),
        client,
      );
      this.figures[name] = under.cost.gas;
      await this.close(under.lease, "provider");
    }
  }

  /** `size` leases of up to 10 clients on units of up to 10 providers, relayed, opened and closed in one call each. */
  private async batches(size: number): Promise<void> {
    const parties = Math.min(10, size);
    const clients: leases.Client[] = [];
    for (let i = 0; i < parties; i++) clients.push(await this.client(`client ${size} ${i}`));
    const providers = Array.from({ length: parties }, (_, i) => actor(`provider ${size} ${i}`));
    for (const provider of providers) await this.world.fund(provider.address, 1n);
    const offers = await Promise.all(providers.map((p) => leases.batchOf(this.world, p, 1n, TREE)));
    for (const round of ["first", "reuse"]) {
      const args: leases.OpenArgs[] = [];
      const parts: [PrivateKeyAccount, leases.Client][] = [];
      for (let i = 0; i < size; i++) {
        const [provider, signed, client] = [
          providers[i % parties],
          offers[i % parties],
          clients[Math.floor(i / parties) % parties],
        ];
        if (provider === undefined || signed === undefined || client === undefined)
          throw new RangeError("no such party");
        const item = await leases.orderFor(this.world, signed, Math.floor(i / parties), client);
        // The root's signature is needed once in a call.
        args.push(i < parties ? item : { ...item, offerSig: "0x" });
        parts.push([provider, client]);
      }
      const open = await this.world.send(RELAYER, this.world.domain.market, leases.openManyData(args));
      const start = await this.world.now();
      const notes = await Promise.all(
        args.map((a, i) => {
          const [provider, client] = parts[i] ?? [];
          if (provider === undefined || client === undefined) throw new RangeError("no such party");
          return leases.noteFor(this.world, leases.termsOf(a, this.take(a), start), client.key, SERVED, provider);
        }),
      );
      const close = await this.world.send(RELAYER, this.world.domain.market, leases.settleManyData(notes, false));
      if (round === "first") continue;
      this.figures[`lease.open.batch${size}`] = Math.round(open.gas / size);
      this.figures[`lease.close.batch${size}`] = Math.round(close.gas / size);
      this.figures[`lease.whole.batch${size}`] = Math.round((open.gas + close.gas) / size);
      const created = (await this.world.createdSlots(open.hash)) + (await this.world.createdSlots(close.hash));
      this.figures[`lease.created_slots.batch${size}`] = created;
    }
  }

  /** The same opening and closing while 1, 100 and 10,000 other leases are open. */
  private async crowd(
    provider: PrivateKeyAccount,
    client: leases.Client,
    offers: leases.SignedOffers,
    most: number,
  ): Promise<void> {
    const tenant = await this.client("crowd");
    const landlord = actor("landlord");
    await this.world.fund(landlord.address, 1n);
    let opened = 0;
    for (const target of [1, 100, 10_000].filter((n) => n <= most)) {
      while (opened < target) {
        const count = Math.min(200, target - opened);
        const signed = await leases.batchOf(this.world, landlord, BigInt(opened), count);
        const args: leases.OpenArgs[] = [];
        for (let i = 0; i < count; i++) args.push(await leases.orderFor(this.world, signed, i, tenant));
        await this.world.send(RELAYER, this.world.domain.market, leases.openManyData(args, true));
        opened += count;
      }
      const open = await this.open(provider, await leases.orderFor(this.world, offers, 0, client), client);
      const close = await this.close(open.lease, "provider");
      this.figures[`lease.open.at_${target}_open`] = open.cost.gas;
      this.figures[`lease.close.at_${target}_open`] = close.gas;
    }
  }

  private async client(name: string): Promise<leases.Client> {
    const account = actor(name);
    await this.world.fund(account.address, 10n ** 24n);
    return { account, key: actor(`watch of ${name}`), nonce: 0 };
  }

  private async open(
    provider: PrivateKeyAccount,
    args: leases.OpenArgs,
    client: leases.Client,
    sender: Address = RELAYER,
  ): Promise<{ cost: Cost; lease: Lease }> {
    const cost = await this.world.send(sender, this.world.domain.market, leases.openData(args));
    return { cost, lease: { provider, client, terms: leases.termsOf(args, this.take(args), await this.world.now()) } };
  }

  private async close(lease: Lease, exit: "provider" | "relayed"): Promise<Cost> {
    // A minute more than is paid; grace covers it.
    const seconds = Number(lease.terms.paid / lease.terms.rate) + (lease.terms.paid === 0n ? SERVED : 1);
    const data: Hex =
      exit === "provider"
        ? leases.closeNowData(await leases.noteFor(this.world, lease.terms, lease.client.key, seconds))
        : leases.settleData(await leases.noteFor(this.world, lease.terms, lease.client.key, seconds, lease.provider));
    return this.world.send(exit === "provider" ? lease.provider.address : RELAYER, this.world.domain.market, data);
  }

  /** The seq of the lease that is being opened. */
  private take(args: leases.OpenArgs): number {
    const unit = `${args.offer.provider} ${args.offer.unit}`;
    const seq = this.seqs.get(unit) ?? 0;
    this.seqs.set(unit, seq + 1);
    return seq;
  }
}
