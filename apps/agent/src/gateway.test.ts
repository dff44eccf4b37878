import { createHash } from "node:crypto";
import type { Connection, Transport } from "@corepool/core/ports/transport";
import type { FromAgent, ToAgent } from "@corepool/protocol/agent";
import { agentHelloData, digestOf, machineId } from "@corepool/protocol/eip712";
import { recoverAddress } from "viem";
import { afterEach, describe, expect, it } from "vitest";
import { providerKey } from "./adapters/secrets.ts";
import { Gateway } from "./gateway.ts";
import { Journal } from "./journal.ts";
import { newRecord } from "./journal-entries.ts";
import type { Log } from "./ports.ts";
import { ManualClock, settled } from "./test/manual-clock.ts";
import { assignmentOf, domain, provider, silentLog, unit } from "./test/samples.ts";

const SALT = `0x${"77".repeat(32)}` as const;
const MACHINE = machineId(provider.address, SALT);
const NONCE = `0x${"5a".repeat(32)}` as const;
type Sent = FromAgent & { readonly id: string };

/** The far end of one connection, played by the test. It may stay open after the agent has given it up. */
class FarEnd {
  readonly sent: Sent[] = [];
  closedWith: number | undefined;
  #queue: string[] = [];
  #over = false;
  #wake = Promise.withResolvers<void>();

  readonly connection: Connection = {
    send: async (text) => void this.sent.push(JSON.parse(text) as Sent),
    messages: this.#messages(),
    close: (code) => {
      this.closedWith ??= code;
    },
  };

  say(message: ToAgent, id = "s1"): void {
    this.text(JSON.stringify({ v: 1, id, ...message }));
  }

  text(text: string): void {
    this.#queue.push(text);
    this.#wake.resolve();
  }

  end(): void {
    this.#over = true;
    this.#wake.resolve();
  }

  of<T extends FromAgent["type"]>(type: T) {
    return this.sent.filter((message): message is Extract<Sent, { type: T }> => message.type === type);
  }

  async *#messages(): AsyncGenerator<string> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#over) return;
      else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    }
  }
}

async function setup(options: { readonly refuseDials?: boolean; readonly log?: Log } = {}) {
  const clock = new ManualClock();
  const ends: FarEnd[] = [];
  let dials = 0;
  const transport: Transport = {
    dial: async () => {
      dials++;
      if (options.refuseDials) throw new Error("refused");
      const end = new FarEnd();
      ends.push(end);
      return end.connection;
    },
  };
  const nothing = {
    read: async () => [],
    append: async () => undefined,
    replace: async () => undefined,
    close: async () => undefined,
  };
  const journal = await Journal.open(nothing, clock, silentLog);
  let drawn = 0;
  const { signer, keys } = providerKey(`0x${"11".repeat(32)}`);
  const gateway = new Gateway({
    url: "ws://coordinator/v1/agent",
    domain,
    identity: { provider: provider.address, machine: MACHINE, salt: SALT, version: "0.1.0" },
    keys,
    signer,
    transport,
    clock,
    random: { bytes: (count) => createHash("sha512").update(String(drawn++)).digest().subarray(0, count) },
    journal,
    log: options.log ?? silentLog,
  });
  const handled: ToAgent[] = [];
  const stop = new AbortController();
  const running = gateway.run(
    {
      onWelcome: async () => undefined,
      onMessage: async (message) => void handled.push(message),
      heartbeat: () => ({ type: "heartbeat", body: { attempts: [] } }),
    },
    stop.signal,
  );
  const signIn = async (end = ends.at(-1)) => {
    end?.say({ type: "challenge", body: { nonce: NONCE, chainId: domain.chainId, market: domain.market } });
    for (let i = 0; i < 5; i++) await settled();
    end?.say({
      type: "welcome",
      body: { epoch: ends.length, token: `token-${ends.length}`, heartbeatSeconds: 5, attempts: [] },
    });
    for (let i = 0; i < 5; i++) await settled();
  };
  return { clock, ends, gateway, journal, handled, stop, running, signIn, dials: () => dials };
}

describe("Gateway", () => {
  let world: Awaited<ReturnType<typeof setup>>;
  afterEach(async () => {
    world.stop.abort();
    for (const end of world.ends) end.end();
    await world.running;
  });

  it("proves its provider's key over the coordinator's nonce", async () => {
    world = await setup();
    await settled();
    await world.signIn();
    const [hello] = world.ends[0]?.of("hello") ?? [];
    const data = agentHelloData(domain, provider.address, MACHINE, NONCE);
    expect(await recoverAddress({ hash: digestOf(data), signature: hello?.body.signature ?? "0x" })).toBe(
      provider.address,
    );
    expect([hello?.body.publicKey, world.gateway.token]).toEqual([provider.publicKey, "token-1"]);
    expect([hello?.body.machine, hello?.body.salt]).toEqual([MACHINE, SALT]);
  });

  it("signs nothing for another market", async () => {
    world = await setup();
    await settled();
    world.ends[0]?.say({ type: "challenge", body: { nonce: NONCE, chainId: 1, market: domain.market } });
    for (let i = 0; i < 5; i++) await settled();
    expect([world.ends[0]?.sent, world.ends[0]?.closedWith, world.gateway.connected]).toEqual([[], 1001, false]);
  });

  it("gives a coordinator that says nothing fifteen seconds", async () => {
    world = await setup();
    await settled();
    await world.clock.advance(14_000);
    expect(world.ends[0]?.closedWith).toBeUndefined();
    await world.clock.advance(2_000);
    expect(world.ends[0]?.closedWith).toBe(1001);
  });

  it.each([
    ["3 s while nobody listens", true, 3_000],
    ["15 s while somebody listens and hangs up", false, 15_000],
  ] as const)("dials again with growing, jittered pauses of at most %s", async (_, refuseDials, most) => {
    world = await setup({ refuseDials });
    const hangUp = async () => {
      world.ends.at(-1)?.end();
      for (let i = 0; i < 5; i++) await settled();
    };
    await settled();
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      if (!refuseDials) await hangUp();
      const [pause = 0] = world.clock.pending;
      pauses.push(pause);
      await world.clock.advance(pause);
    }
    expect(world.dials()).toBe(13);
    for (const [i, pause] of pauses.entries()) {
      const ceiling = Math.min(most, 500 * 2 ** i);
      expect(pause).toBeGreaterThanOrEqual(ceiling / 2);
      expect(pause).toBeLessThanOrEqual(ceiling);
    }
    expect(new Set(pauses.slice(-6)).size).toBeGreaterThan(3);
  });

  it("sends what is not acknowledged again in its order, and nothing that is", async () => {
    world = await setup();
    await settled();
    await world.signIn();
    const { attempt } = assignmentOf();
    await world.journal.begin(newRecord(assignmentOf(), null, unit));
    for (const state of ["preparing", "running", "collecting"] as const) {
      await world.gateway.post(attempt, { state }, { type: "attempt", body: { attempt, state, at: 0, note: null } });
    }
    const first = world.ends[0]?.of("attempt") ?? [];
    world.ends[0]?.say({ type: "ack", body: { of: first[1]?.id ?? "" } });
    for (let i = 0; i < 5; i++) await settled();
    world.ends[0]?.end();
    await settled();
    await world.clock.advance(1_000);
    await world.signIn();
    const again = world.ends[1]?.of("attempt") ?? [];
    expect(again.map(({ id, body }) => [id, body.state])).toEqual([
      [first[0]?.id, "preparing"],
      [first[2]?.id, "collecting"],
    ]);
  });

  it("sends a message again that the coordinator could not take, and drops one that it never will", async () => {
    world = await setup();
    await settled();
    await world.signIn();
    const { attempt } = assignmentOf();
    await world.journal.begin(newRecord(assignmentOf(), null, unit));
    const message = { type: "attempt", body: { attempt, state: "preparing", at: 0, note: null } } as const;
    await world.gateway.post(attempt, { state: "preparing" }, message);
    const [end] = world.ends;
    const of = end?.of("attempt")[0]?.id ?? "";
    for (const code of ["internal", "not-ready"] as const) {
      end?.say({ type: "problem", body: { of, code, detail: "later" } });
      for (let i = 0; i < 5; i++) await settled();
      await world.clock.advance(2_000);
    }
    expect(end?.of("attempt").map(({ id }) => id)).toEqual([of, of, of]);
    end?.say({ type: "problem", body: { of, code: "not-found", detail: "never" } });
    for (let i = 0; i < 5; i++) await settled();
    await world.clock.advance(4_000);
    expect([world.journal.outbox.size, end?.of("attempt").length]).toEqual([0, 3]);
  });

  it("announces again until it is acknowledged, and only the newest", async () => {
    world = await setup();
    await settled();
    await world.signIn();
    const [end] = world.ends;
    await world.gateway.announce({ type: "offers", body: { units: [], offers: [] } });
    await world.gateway.announce({ type: "offers", body: { units: [unit], offers: [] } });
    await world.clock.advance(15_000);
    const sent = end?.of("offers") ?? [];
    expect(sent.map(({ body }) => body.units.length)).toEqual([0, 1, 1, 1]);
    end?.say({ type: "ack", body: { of: sent.at(-1)?.id ?? "" } });
    for (let i = 0; i < 5; i++) await settled();
    await world.clock.advance(15_000);
    expect(end?.of("offers")).toHaveLength(4);
  });

  it("says once that the market takes no machine like it, and tries again slowly", async () => {
    const errors: unknown[] = [];
    world = await setup({ log: { ...silentLog, error: (event, fields) => void errors.push([event, fields?.detail]) } });
    await settled();
    await world.signIn();
    const [end] = world.ends;
    const refuse = async () => {
      const of = end?.of("offers").at(-1)?.id ?? "";
      end?.say({ type: "problem", body: { of, code: "machine-weak", detail: "No machine with X. Install Y." } });
      for (let i = 0; i < 5; i++) await settled();
    };
    await world.gateway.announce({ type: "offers", body: { units: [unit], offers: [] } });
    await refuse();
    await world.clock.advance(590_000);
    expect(end?.of("offers")).toHaveLength(1);
    await world.clock.advance(10_000);
    expect(end?.of("offers")).toHaveLength(2);
    await refuse();
    expect(errors).toEqual([["gateway.machine-refused", "No machine with X. Install Y."]]);
    // Renewed offers are tried at once; taken, the next refusal is news.
    await world.gateway.announce({ type: "offers", body: { units: [], offers: [] } });
    end?.say({ type: "ack", body: { of: end.of("offers").at(-1)?.id ?? "" } });
    for (let i = 0; i < 5; i++) await settled();
    await world.gateway.announce({ type: "offers", body: { units: [unit], offers: [] } });
    await refuse();
    expect([end?.of("offers").length, errors.length]).toEqual([4, 2]);
  });

  it("sends offers again a minute after a coordinator took them for expired: its clock may have been wrong", async () => {
    const errors: string[] = [];
    world = await setup({ log: { ...silentLog, error: (event) => errors.push(event) } });
    await settled();
    await world.signIn();
    const [end] = world.ends;
    await world.gateway.announce({ type: "offers", body: { units: [unit], offers: [] } });
    const of = end?.of("offers").at(-1)?.id ?? "";
    end?.say({ type: "problem", body: { of, code: "offer-invalid", detail: "The offer for unit 1 has expired." } });
    for (let i = 0; i < 5; i++) await settled();
    await world.clock.advance(59_000);
    expect(end?.of("offers")).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(end?.of("offers").map(({ id }) => id)).toEqual([of, of]);
    expect(errors).toEqual(["gateway.offers-refused"]);
  });

  it("keeps a message that is posted while there is no line", async () => {
    world = await setup();
    await settled();
    const { attempt } = assignmentOf();
    await world.journal.begin(newRecord(assignmentOf(), null, unit));
    await world.gateway.post(
      attempt,
      { state: "preparing" },
      { type: "attempt", body: { attempt, state: "preparing", at: 0, note: null } },
    );
    await world.signIn();
    expect(world.ends[0]?.of("attempt")).toHaveLength(1);
  });

  it("acknowledges an assignment only after it was handled, and answers one that fails with its problem", async () => {
    world = await setup();
    await settled();
    await world.signIn();
    world.ends[0]?.say({ type: "stop", body: { attempt: "att_0000000000000001", reason: "machine-lost" } }, "m7");
    for (let i = 0; i < 5; i++) await settled();
    expect(world.ends[0]?.of("ack").map(({ body }) => body.of)).toEqual(["m7"]);
  });

  it("is deaf to an older connection, even while it still talks", async () => {
    world = await setup();
    await settled();
    await world.signIn();
    const [old] = world.ends;
    // A send that fails makes the agent give the line up, whatever the far end thinks.
    Object.assign(old?.connection ?? {}, { send: () => Promise.reject(new Error("broken pipe")) });
    await world.gateway.tell({ type: "heartbeat", body: { attempts: [] } });
    expect(old?.closedWith).toBe(1001);
    old?.say({ type: "stop", body: { attempt: "att_0000000000000001", reason: "machine-lost" } });
    for (let i = 0; i < 5; i++) await settled();
    await world.clock.advance(1_000);
    await world.signIn();
    old?.say({ type: "stop", body: { attempt: "att_0000000000000002", reason: "machine-lost" } });
    for (let i = 0; i < 5; i++) await settled();
    expect(world.handled).toEqual([]);
    expect(world.ends).toHaveLength(2);
  });

  it("hangs up on a coordinator that talks nonsense for long", async () => {
    world = await setup();
    await settled();
    await world.signIn();
    for (let i = 0; i < 25; i++) world.ends[0]?.text("{");
    for (let i = 0; i < 40; i++) await settled();
    expect(world.ends[0]?.of("problem").length).toBe(20);
    expect(world.ends[0]?.closedWith).toBe(4400);
  });
});
