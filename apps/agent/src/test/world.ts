import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TempMarket, tempMarket } from "@corepool/chain/testing/temp-market";
import type { Hex } from "@corepool/core/hex";
import type { ToAgent } from "@corepool/protocol/agent";
import {
  documentHash,
  leaseOverData,
  orderData,
  paymentNoteData,
  unitLeaf,
  workloadBindingData,
} from "@corepool/protocol/eip712";
import { openCalldata, settleCalldata } from "@corepool/protocol/market/calldata";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import { deriveProbeKey, probeAnswer } from "@corepool/protocol/probe";
import type { JobSpec, OrderMessage, SignedOffer, TermsMessage } from "@corepool/protocol/spec";
import { jobSpec } from "@corepool/protocol/spec";
import { copyRuntime } from "@corepool/runtime/supervisor/runtime-copy";
import { hexToBytes, toHex, zeroAddress, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { systemClock } from "../adapters/system.ts";
import type { Outgoing } from "../wire.ts";
import { nonce as nonceHex, type TestCoordinator, testCoordinator } from "./coordinator.ts";

const REPOSITORY = join(import.meta.dirname, "../../../..");
export const isRoot = process.getuid?.() === 0;
/** `dedicated`: root prepares and drops; `operator`: an ordinary user starts the agent alone. */
export type Mode = "dedicated" | "operator";
const NOBODY = 65_534;
const SMALL = { cpus: 1, memoryBytes: 128 * 2 ** 20, diskBytes: 32 * 2 ** 20 };

/** A real chain with the contracts, a coordinator, and one agent as a process of its own. */
export interface World extends TempMarket {
  readonly coordinator: TestCoordinator;
  /** Starts the agent; resolves once it has signed in and made offers. */
  start(): Promise<void>;
  /** Kills the agent's own process (not its supervisor alone) and waits. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** The newest offers. */
  offers(): readonly SignedOffer[];
  /** Opens a lease on chain under the agent's own offer of a unit, and assigns the work. */
  assign(
    spec: Partial<JobSpec> & Pick<JobSpec, "command">,
    options?: {
      readonly unit?: number;
      readonly say?: boolean;
      /** What the coordinator assigns instead of what the client signed for. */
      readonly instead?: Partial<JobSpec>;
    },
  ): Promise<Job>;
  agentLog(): Promise<string>;
  finish(): Promise<void>;
}

export interface Job {
  readonly attempt: string;
  readonly lease: Hex;
  readonly terms: TermsMessage;
  readonly message: Extract<ToAgent, { type: "assign" }>;
  readonly leaseKey: Hex;
  /** Sends a payment note for so many seconds of rate; returns the message's id. */
  pay(seconds: number, options?: PayOptions): Promise<string>;
  /** Seconds that the best note pays for. */
  paid(): number;
  /** Sends the largest note so far once more, as the last. */
  payLast(): Promise<string>;
  /** Sends a nonce through the sandbox and checks the answer. */
  probe(): Promise<{ readonly right: boolean; readonly frozen: boolean }>;
  /** Settles on chain with what the agent agreed to, and tells it; resolves with the total once it has forgotten. */
  settle(): Promise<bigint>;
  /** Takes the chain back to before the lease and opens it again: the same lease with other times. */
  reopen(): Promise<Job>;
  /** Keeps the job paid until the returned function is called. */
  keepPaying(): () => Promise<void>;
}

interface Opened {
  readonly lease: Hex;
  readonly terms: TermsMessage;
  readonly openTx: Hex;
}

export interface PayOptions {
  readonly last?: boolean;
  /** Another key than the lease's says that the note is the last. */
  readonly overSignedBy?: Hex;
  /** Another key than the lease's. */
  readonly key?: Hex;
  /** Signed for another lease. */
  readonly signedFor?: Hex;
  /** The agent is expected to refuse it. */
  readonly refused?: boolean;
}

export interface WorldOptions {
  readonly mode: Mode;
  readonly interval?: number;
  readonly hold?: number;
  readonly slots?: number;
  /** Seconds that the coordinator has to close a lease. */
  readonly closePatience?: number;
  /** More variables of the agent; by its ordinary user only. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const market = await tempMarket();
  const coordinator = await testCoordinator(market.domain);
  const dir = await mkdtemp(join(tmpdir(), "corepool-agent-"));
  await chmod(dir, 0o755);
  const keyFile = join(dir, "provider.key");
  await writeFile(keyFile, market.provider.key, { mode: 0o644 });
  const log = join(dir, "agent.log");
  const output = createWriteStream(log, { flags: "a" });
  const env = {
    PATH: process.env.PATH ?? "",
    COREPOOL_COORDINATOR_URL: coordinator.url,
    COREPOOL_RPC_URL: market.chain.rpcUrl,
    COREPOOL_MARKET: market.domain.market,
    COREPOOL_REGISTRY: market.deployment.unitRegistry,
    COREPOOL_PROVIDER_KEY_FILE: keyFile,
    COREPOOL_INTERVAL: String(options.interval ?? 1),
    COREPOOL_HOLD: String(options.hold ?? 60),
    COREPOOL_CLOSE_PATIENCE: String(options.closePatience ?? 600),
    COREPOOL_UNITS: "2",
    COREPOOL_SLOTS: String(options.slots ?? 3),
    ...options.env,
  };
  const runAs = await launcher(options.mode, dir, options.slots ?? 3);
  let child: ChildProcess | undefined;
  let nonce = 1;

  async function open(calldata: Hex): Promise<Opened> {
    const openTx = await market.act(market.relayer, market.domain.market, calldata);
    const block = (await market.reader.outcome(openTx))?.blockNumber ?? 0n;
    const logs = await market.reader.logs({ from: block, to: block, addresses: [market.domain.market] });
    const opened = logs.map(decodeMarketEvent).find((event) => event?.name === "LeaseOpened");
    if (opened?.name !== "LeaseOpened") throw new Error("no lease was opened");
    return { lease: opened.args.lease, terms: opened.args.terms, openTx };
  }

  const world: World = {
    ...market,
    coordinator,
    async start() {
      const from = coordinator.heard.length;
      child = runAs(env);
      child.stdout?.pipe(output, { end: false });
      child.stderr?.pipe(output, { end: false });
      const died = new Promise<never>((_, reject) =>
        child?.once("close", (code, signal) => {
          const refuse = (said: string) =>
            reject(new Error(`the agent ended: ${code ?? signal}; it said: ${said.slice(-3000)}`));
          readFile(log, "utf8").then(refuse, () => refuse("nothing"));
        }),
      );
      await Promise.race([died, coordinator.wait("offers", ({ offers }) => offers.length > 0, from)]);
      died.catch(() => undefined);
    },
    async kill(signal) {
      if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once("exit", resolve));
      // Under the supervisor the agent is its child; it is the agent that must die.
      const children = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").catch(() => "")).trim();
      const agent = options.mode === "dedicated" && isRoot ? Number(children.split(" ")[0]) : child.pid;
      process.kill(agent, signal);
      await ended;
    },
    offers: () => coordinator.heard.filter((message) => message.type === "offers").at(-1)?.body.offers ?? [],
    async assign(partial, { unit = 1, say = true, instead = {} } = {}) {
      const spec = jobSpec.parse({ kind: "job", resources: SMALL, durationSeconds: 120, ...partial });
      const signed = world
        .offers()
        .find(({ offer }) => offer.unit === String(unit) && offer.token === market.deployment.gpToken);
      if (signed === undefined) throw new Error(`the agent does not offer unit ${unit}`);
      const leaseKey = await market.account();
      const order: OrderMessage = {
        client: market.client.address,
        token: signed.offer.token,
        maxRate: signed.offer.rate,
        bid: "0",
        maxEscrow: String(BigInt(signed.offer.rate) * BigInt(spec.durationSeconds)),
        duration: spec.durationSeconds,
        key: leaseKey.address,
        units: unitLeaf(market.provider.address, BigInt(unit)),
        expiry: 4_000_000_000,
        nonce: nonce++,
        counter: 1,
        gang: "0",
        funder: zeroAddress,
        fundingRef: zeroHash,
      };
      const orderSig = await market.sign(market.client, orderData(market.domain, order));
      const calldata = openCalldata({
        offer: signed.offer,
        offerSig: signed.signature,
        offerProof: signed.proof as Hex[],
        order,
        orderSig,
        unitProof: [],
      });
      const snapshot = await market.endpoint.request("evm_snapshot", []);
      const first = await open(calldata);
      const name = `${Date.now()}${nonce}`.padStart(16, "0");
      const attempt = `att_${name}`;
      const { lease } = first;
      const leasePublicKey = privateKeyToAccount(leaseKey.key).publicKey;
      const bound = workloadBindingData(market.domain, market.client.address, leaseKey.address, documentHash(spec));
      const binding = await market.sign(leaseKey, bound);
      const messageOf = ({ terms, openTx }: Opened): Job["message"] => ({
        type: "assign",
        body: {
          attempt,
          workload: `wkl_${name}`,
          spec: { ...spec, ...instead },
          lease,
          terms,
          openTx,
          leasePublicKey,
          binding,
        },
      });
      const job = jobOf(first);
      if (say) coordinator.say(job.message);
      let most = 0;
      return job;

      function jobOf(opened: Opened): Job {
        const { terms } = opened;
        return {
          attempt,
          lease,
          terms,
          message: messageOf(opened),
          leaseKey: leaseKey.key,
          pay,
          paid: () => most,
          payLast: () => pay(most, { last: true }),
          async probe() {
            const request = nonceHex().slice(2, 34);
            const challenge = nonceHex();
            coordinator.say({ type: "probe", body: { request, lease, nonce: challenge } });
            const { answer, frozen } = await coordinator.wait("probe-answer", (body) => body.request === request);
            const key = deriveProbeKey(leaseKey.key, privateKeyToAccount(market.provider.key).publicKey, lease);
            return { right: answer === toHex(probeAnswer(key, hexToBytes(challenge))), frozen };
          },
          async settle() {
            const close = await coordinator.wait("close", (body) => body.lease === lease);
            const total = BigInt(close.total);
            const noteSig = close.noteSignature ?? "0x";
            const data = settleCalldata({ terms, total, noteSig, closeSig: close.closeSignature });
            await market.act(market.relayer, market.domain.market, data);
            coordinator.say({ type: "closed", body: { attempt, lease, paid: close.total } });
            const from = coordinator.heard.length;
            const gone = (body: Outgoing<"heartbeat">) => body.attempts.every((each) => each.attempt !== attempt);
            await coordinator.wait("heartbeat", gone, from);
            return total;
          },
          async reopen() {
            await market.endpoint.request("evm_revert", [snapshot]);
            await market.endpoint.request("evm_increaseTime", [2]);
            const again = jobOf(await open(calldata));
            coordinator.say(again.message);
            return again;
          },
          keepPaying() {
            const over = new AbortController();
            const before = most;
            const paying = (async () => {
              const started = Date.now();
              while (!over.signal.aborted) {
                await pay(before + (Date.now() - started) / 1000);
                await systemClock.sleep(300, over.signal).catch(() => undefined);
              }
            })();
            return async () => {
              over.abort();
              await paying;
            };
          },
        };

        async function pay(seconds: number, options: PayOptions = {}) {
          const { last = false, overSignedBy = leaseKey.key, key = leaseKey.key } = options;
          const { signedFor = lease, refused = false } = options;
          if (!refused) most = Math.max(most, seconds);
          const total = (BigInt(Math.round(seconds * 1000)) * BigInt(terms.rate)) / 1000n;
          const data = paymentNoteData(market.domain, signedFor, total);
          const signature = await market.sign({ key, address: leaseKey.address }, data);
          const address = leaseKey.address;
          const over = last
            ? await market.sign({ key: overSignedBy, address }, leaseOverData(market.domain, lease, total))
            : null;
          return coordinator.say({ type: "note", body: { lease, total: String(total), signature, over } });
        }
      }
    },
    agentLog: () => readFile(log, "utf8"),
    async finish() {
      await world.kill("SIGTERM");
      await coordinator.close();
      await market.end();
      output.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}

/** How the agent is started in each mode. */
async function launcher(
  mode: Mode,
  dir: string,
  slots: number,
): Promise<(env: Record<string, string>) => ChildProcess> {
  const state = join(dir, "state");
  if (mode === "dedicated") {
    const args = [
      join(REPOSITORY, "apps/agent/src/supervise.ts"),
      "--state",
      state,
      "--slots",
      String(slots),
      "--slot-bytes",
      String(2 ** 26),
      "--base",
      join(dir, "base"),
    ];
    return (env) => spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  }
  await mkdir(state);
  const run =
    (node: string, repository: string, user: { readonly uid?: number; readonly gid?: number }) =>
    (env: Record<string, string>) =>
      spawn(node, [join(repository, "apps/agent/src/main.ts")], {
        env: { ...env, COREPOOL_STATE: state },
        stdio: ["ignore", "pipe", "pipe"],
        ...user,
      });
  if (!isRoot) return run(process.execPath, REPOSITORY, {});
  // Root plays an ordinary user, who may not be able to read this folder: he gets a copy.
  const copies = join(dir, "copies");
  await mkdir(copies);
  await chmod(copies, 0o755);
  const copy = await copyRuntime(REPOSITORY, "apps/agent", copies);
  await chown(state, NOBODY, NOBODY);
  return run(copy.node, copy.directory, { uid: NOBODY, gid: NOBODY });
}
