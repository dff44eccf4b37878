import type { Hex } from "@corepool/core/hex";
import { digestOf, leaseOverData, orderData, paymentNoteData } from "@corepool/protocol/eip712";
import type { WorkloadView } from "@corepool/protocol/resources";
import { acceptPlacement, getWorkload, payLease, submitWorkload } from "@corepool/protocol/routes/workloads";
import type { Constraints, JobSpecInput, OrderMessage } from "@corepool/protocol/spec";
import { call } from "@corepool/sdk/call";
import { type LeaseKey, newLeaseKey } from "@corepool/sdk/lease-key";
import { bindWorkload, orderFor } from "@corepool/sdk/order";
import { sign } from "viem/accounts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { type Assign, TestAgent } from "./agent.ts";
import { type ServedMarket, until } from "./market.ts";
import { offerFor, signOffers, unitSpec } from "./unit.ts";

export const RATE = 10n ** 15n;

interface OrderOverrides {
  readonly signature?: Hex;
  readonly leasePublicKey?: Hex;
  readonly binding?: Hex;
  /** The workload that the lease key signs for instead. */
  readonly bound?: WorkloadView;
  readonly signer?: Hex;
}

/** What a test's client and agent do over and over. */
export class TestClient {
  readonly market: ServedMarket;
  readonly #nonces: { last: number };

  /** `other`: a client of the same wallet, whose nonces this one goes on with. */
  constructor(market: ServedMarket, other?: TestClient) {
    this.market = market;
    this.#nonces = other === undefined ? { last: 0 } : other.#nonces;
  }

  /** An agent of the market's provider with `units` units of 2 cores at RATE. */
  async agent(units: number): Promise<TestAgent> {
    const { domain, provider, deployment, url } = this.market;
    const agent = new TestAgent(domain, provider.key);
    await agent.connect(url);
    const specs = Array.from({ length: units }, (_, i) => unitSpec(agent.machine, i + 1));
    const wish = { provider: provider.address, token: deployment.gpToken, rate: RATE };
    const offers = await signOffers(
      domain,
      provider.key,
      specs.map((spec) => ({ spec, offer: offerFor(spec, wish) })),
    );
    await agent.say({ type: "offers", body: { units: specs, offers } });
    return agent;
  }

  spec(changes: Partial<JobSpecInput> = {}): JobSpecInput {
    const resources = { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 28 };
    return { kind: "job", command: ["true"], resources, durationSeconds: 60, ...changes };
  }

  submit(
    changes: Partial<JobSpecInput> = {},
    constraints: Partial<Constraints> = {},
    mandate?: string,
  ): Promise<WorkloadView> {
    const token = this.market.deployment.gpToken;
    return call(this.market.api, submitWorkload, {
      body: {
        spec: this.spec(changes),
        constraints: { token, ...constraints },
        ...(mandate === undefined ? {} : { mandate }),
      },
    });
  }

  /** The signed order for what was placed; `changes` to the order are signed, `over` replaces fields of the request. */
  async order(workload: WorkloadView, changes: Partial<OrderMessage> = {}, over: OrderOverrides = {}) {
    const { market } = this;
    if (workload.placed === null) throw new Error("nothing is placed");
    const key = newLeaseKey(systemRandom);
    const order: OrderMessage = {
      ...orderFor(market.client.address, {
        offer: workload.placed.offer,
        durationSeconds: workload.spec.durationSeconds,
        leaseKey: key.address,
        nonce: ++this.#nonces.last,
        counter: 1,
        expiry: Math.floor(Date.now() / 1000) + 600,
      }),
      ...changes,
    };
    const hash = digestOf(orderData(market.domain, order));
    const signature = over.signature ?? (await sign({ hash, privateKey: over.signer ?? market.client.key, to: "hex" }));
    const body = {
      order,
      signature,
      leasePublicKey: over.leasePublicKey ?? key.publicKey,
      binding: over.binding ?? (await this.bind(over.bound ?? workload, key)),
      unitProof: [],
    };
    return { body, key, order };
  }

  /** Accepts what was placed. */
  async accept(
    workload: WorkloadView,
    changes: Partial<OrderMessage> = {},
    over: OrderOverrides = {},
  ): Promise<{ readonly workload: WorkloadView; readonly key: LeaseKey; readonly order: OrderMessage }> {
    const { body, key, order } = await this.order(workload, changes, over);
    const accepted = await call(this.market.api, acceptPlacement, { params: { id: workload.id }, body });
    return { workload: accepted, key, order };
  }

  /** The lease key's word that its lease serves this workload. */
  bind(workload: WorkloadView, key: LeaseKey): Promise<Hex> {
    return bindWorkload(this.market.domain, key, this.market.client.address, workload.spec);
  }

  /** A workload whose lease is open and whose agent has its assignment. */
  async leased(
    agent: TestAgent,
    changes: Partial<JobSpecInput> = {},
  ): Promise<{ id: string; key: LeaseKey; assign: Assign }> {
    const workload = await this.submit(changes);
    const { key } = await this.accept(workload);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    return { id: workload.id, key, assign };
  }

  read(id: string): Promise<WorkloadView> {
    return call(this.market.api, getWorkload, { params: { id } });
  }

  /** Waits for a state. */
  state(id: string, wanted: WorkloadView["state"]): Promise<WorkloadView> {
    return until(async () => {
      const now = await this.read(id);
      return now.state === wanted ? now : undefined;
    });
  }

  note(lease: Hex, key: LeaseKey, total: bigint): Promise<Hex> {
    const hash = digestOf(paymentNoteData(this.market.domain, lease, total));
    return sign({ hash, privateKey: key.privateKey, to: "hex" });
  }

  async pay(lease: Hex, key: LeaseKey, total: bigint, last = false): Promise<Hex> {
    const signature = await this.note(lease, key, total);
    const hash = digestOf(leaseOverData(this.market.domain, lease, total));
    const over = last ? { over: await sign({ hash, privateKey: key.privateKey, to: "hex" }) } : {};
    const body = { total: String(total), signature, ...over };
    await call(this.market.api, payLease, { params: { id: lease }, body });
    return signature;
  }

  /** Runs a leased workload to its end and has it closed with `total`. */
  async finish(
    agent: TestAgent,
    leased: { id: string; key: LeaseKey; assign: Assign },
    total: bigint,
  ): Promise<WorkloadView> {
    const { assign, key, id } = leased;
    await agent.run(assign);
    await agent.end(assign);
    const note = await this.pay(assign.lease, key, total, true);
    await agent.close(assign.lease, total, note);
    return this.state(id, "succeeded");
  }
}
