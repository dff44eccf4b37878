import { CorepoolError } from "@corepool/core/errors";
import { gasLimit } from "@corepool/core/gas";
import type { Address, Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import {
  createPublicClient,
  getContractAddress,
  keccak256,
  type LocalAccount,
  type PublicClient,
  type Transport,
} from "viem";
import { CONTRACTS, type ContractName, isCodeOf } from "./deploy/contracts.ts";
import { transactionOf } from "./deploy/encode.ts";
import { deployPlan, type PlanOptions, type Step } from "./deploy/plan.ts";
import type { Deployment, DeploymentRecord, StepRecord } from "./deploy/record.ts";

/** How long a sent transaction may take to be mined before the run gives up; a later run waits on. */
const PATIENCE_MS = 300_000;

export interface DeployRun {
  /** How to reach the chain, e.g. viem's `http(url)`. */
  readonly transport: Transport;
  /** Signs and pays for every step. Nothing else may use it until the run ends. */
  readonly account: LocalAccount;
  readonly options: Omit<PlanOptions, "deployer">;
  /** What an earlier run left; none to begin anew. */
  readonly record?: DeploymentRecord | undefined;
  /** Keeps the record. Called before each transaction is sent and after each is mined; must be durable on return. */
  readonly save: (record: DeploymentRecord) => Promise<void>;
  readonly clock: Clock;
  /** Milliseconds between two questions about a transaction; 100 when left out. */
  readonly pollMs?: number;
}

/**
 * Runs the deploy plan on a chain, or what of it is not done yet. Every step that the record names is checked on the
 * chain first: code at its address, a receipt for its transaction. From the first step that is missing there (never
 * sent, or on a chain that came back older than the record) everything is done again, in order. With all in place it
 * sends nothing.
 * @throws CorepoolError `deployment-mismatch` when the record is of another chain, plan or build of the contracts;
 * `call-reverted` when a step fails; `chain-unavailable` when the node does not answer
 */
export async function deploy(run: DeployRun): Promise<DeploymentRecord> {
  const client = createPublicClient({ transport: run.transport, cacheTime: 0 });
  const plan = deployPlan({ ...run.options, deployer: run.account.address });
  const chainId = await ask("the chain id", client.getChainId());
  const genesis = await ask("block 0", client.getBlock({ blockNumber: 0n }));
  let record = run.record ?? empty(chainId, genesis.hash, run.account.address);
  matchRecord(record, plan, chainId, genesis.hash, run.account.address);

  const done = await doneSteps(client, plan, record);
  if (done === plan.length && record.complete) return record;
  record = { ...record, complete: false, ...derived(record.steps.slice(0, done), plan, run.options) };
  for (const step of plan.slice(done)) {
    // Only the first missing step can be one that an earlier run sent and did not see mined.
    const saved = record.steps.length === done ? run.record?.steps[done] : undefined;
    const sent = (await pending(client, saved)) ?? (await send(client, run, step, record));
    record = { ...record, ...derived([...record.steps, sent], plan, run.options) };
    const block = await mined(client, run, step, sent);
    record = {
      ...record,
      ...derived([...record.steps.slice(0, -1), { ...sent, block: block.toString() }], plan, run.options),
    };
    await run.save(record);
  }
  record = { ...record, complete: true };
  await run.save(record);
  return record;
}

/**
 * The addresses of a finished deployment.
 * @throws CorepoolError `not-ready` when the plan has not run to its end
 */
export function deploymentOf(record: DeploymentRecord): Deployment {
  const { accessManager, gpToken, unitRegistry, leaseMarket } = record.addresses;
  const { stablecoin, complete, chainId, genesisHash } = record;
  if (!complete || !accessManager || !gpToken || !unitRegistry || !leaseMarket || !stablecoin) {
    throw new CorepoolError("not-ready", {
      detail: "The contracts are not all deployed yet.",
      next: "Run the deployment again: it continues where it stopped.",
    });
  }
  const block = BigInt(record.block);
  return { chainId, genesisHash, block, accessManager, gpToken, unitRegistry, leaseMarket, stablecoin };
}

function empty(chainId: number, genesisHash: Hex, deployer: Address): DeploymentRecord {
  return { version: 1, chainId, genesisHash, deployer, complete: false, block: "0", addresses: {}, steps: [] };
}

function matchRecord(
  record: DeploymentRecord,
  plan: readonly Step[],
  chainId: number,
  genesisHash: Hex,
  deployer: Address,
): void {
  const refuse = (detail: string): never => {
    throw new CorepoolError("deployment-mismatch", {
      detail,
      next: "Point to the right chain and record, or remove the record to deploy anew.",
    });
  };
  if (record.chainId !== chainId) {
    refuse(`The deployment record is of chain ${record.chainId}, the node is of chain ${chainId}.`);
  }
  if (record.genesisHash !== genesisHash) {
    refuse(
      `The deployment record is of another chain with id ${chainId}: block 0 is ${genesisHash}, not ${record.genesisHash}.`,
    );
  }
  if (record.deployer.toLowerCase() !== deployer.toLowerCase()) {
    refuse(`The deployment was begun by ${record.deployer}, not by ${deployer}.`);
  }
  const other = record.steps.find((s, i) => s.id !== plan[i]?.id);
  if (other !== undefined) refuse(`The deployment record has the step ${other.id} where the plan has another.`);
}

/** How many steps, from the first, the chain has. */
async function doneSteps(client: PublicClient, plan: readonly Step[], record: DeploymentRecord): Promise<number> {
  const checks = record.steps.map((saved, i) => isDone(client, plan[i], saved));
  const first = (await Promise.all(checks)).indexOf(false);
  return first === -1 ? record.steps.length : first;
}

async function isDone(client: PublicClient, step: Step | undefined, saved: StepRecord): Promise<boolean> {
  if (step?.kind === "deploy" && saved.address !== undefined) {
    return hasCode(client, step.contract, saved.address);
  }
  return (await receiptOf(client, saved.transaction))?.status === "success";
}

async function hasCode(client: PublicClient, name: ContractName, address: Address): Promise<boolean> {
  const found = await ask(`the code at ${address}`, client.getCode({ address }));
  if (found === undefined || found === "0x") return false;
  if (!isCodeOf(CONTRACTS[name], found)) {
    throw new CorepoolError("deployment-mismatch", {
      detail: `The code at ${address} is not this build's ${name}: the chain was deployed with other contracts.`,
      next: "Use the build that deployed it, or deploy anew on a fresh chain (locally: corepool reset).",
      data: { contract: name, address },
    });
  }
  return true;
}

/** The record of a step whose transaction the node still holds unmined: it must not be sent twice. */
async function pending(client: PublicClient, saved: StepRecord | undefined): Promise<StepRecord | undefined> {
  if (saved === undefined) return undefined;
  const found = await client.getTransaction({ hash: saved.transaction }).catch((e: unknown) => {
    if (e instanceof Error && e.name === "TransactionNotFoundError") return undefined;
    throw unavailable("a transaction", e);
  });
  return found !== undefined && found.blockNumber === null ? saved : undefined;
}

/** Signs a step, saves what is about to be sent, and sends it. */
async function send(client: PublicClient, run: DeployRun, step: Step, record: DeploymentRecord): Promise<StepRecord> {
  const from = run.account.address;
  const call = transactionOf(step, record.addresses);
  const chainId = record.chainId;
  const nonce = await ask("the nonce", client.getTransactionCount({ address: from, blockTag: "latest" }));
  const gas = await client.estimateGas({ account: from, ...call }).catch((e: unknown) => {
    throw failed(step, e);
  });
  const block = await ask("the latest block", client.getBlock());
  const common = { chainId, nonce, gas: gasLimit(gas), ...call };
  const raw =
    block.baseFeePerGas === null
      ? await run.account.signTransaction({
          ...common,
          type: "legacy",
          gasPrice: await ask("the gas price", client.getGasPrice()),
        })
      : await run.account.signTransaction({
          ...common,
          type: "eip1559",
          ...(await ask("the fees", client.estimateFeesPerGas())),
        });
  const sent: StepRecord = {
    id: step.id,
    transaction: keccak256(raw),
    nonce,
    ...(step.kind === "deploy" ? { address: getContractAddress({ from, nonce: BigInt(nonce) }) } : {}),
  };
  await run.save({ ...record, steps: [...record.steps, sent] });
  await ask(`step ${step.id}`, client.sendRawTransaction({ serializedTransaction: raw }));
  return sent;
}

/** Waits for a step's transaction; the block it is in. */
async function mined(client: PublicClient, run: DeployRun, step: Step, sent: StepRecord): Promise<bigint> {
  const deadline = run.clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const receipt = await receiptOf(client, sent.transaction);
    if (receipt?.status === "success") {
      if (step.kind === "deploy" && sent.address !== undefined) await hasCode(client, step.contract, sent.address);
      return receipt.blockNumber;
    }
    if (receipt !== undefined) throw failed(step, undefined, sent.transaction);
    if (run.clock.monotonic() > deadline)
      throw unavailable(`a block with step ${step.id}`, `none in ${PATIENCE_MS / 1_000} s`);
    await run.clock.sleep(run.pollMs ?? 100);
  }
}

async function receiptOf(client: PublicClient, hash: Hex) {
  return client.getTransactionReceipt({ hash }).catch((e: unknown) => {
    if (e instanceof Error && e.name === "TransactionReceiptNotFoundError") return undefined;
    throw unavailable("a receipt", e);
  });
}

/** The parts of a record that follow from its steps. */
function derived(
  steps: readonly StepRecord[],
  plan: readonly Step[],
  options: DeployRun["options"],
): Pick<DeploymentRecord, "steps" | "addresses" | "block" | "stablecoin"> {
  const addresses: Partial<Record<ContractName, Address>> = {};
  for (const [i, { address }] of steps.entries()) {
    const step = plan[i];
    if (step?.kind === "deploy" && address !== undefined) addresses[step.contract] = address;
  }
  const stablecoin = options.stablecoin === "test" ? addresses.testUsdc : options.stablecoin;
  return { steps, addresses, block: steps[0]?.block ?? "0", ...(stablecoin === undefined ? {} : { stablecoin }) };
}

async function ask<T>(what: string, answer: Promise<T>): Promise<T> {
  return answer.catch((e: unknown) => {
    throw unavailable(what, e);
  });
}

function unavailable(what: string, cause: unknown): CorepoolError {
  const reason = cause instanceof Error && "shortMessage" in cause ? String(cause.shortMessage) : String(cause);
  return new CorepoolError("chain-unavailable", {
    detail: `The chain node did not give ${what}: ${reason}`,
    next: "Check that the node runs and that its URL is right, then run the deployment again.",
    cause,
  });
}

function failed(step: Step, cause: unknown, transaction?: Hex): CorepoolError {
  const reason = cause instanceof Error && "shortMessage" in cause ? `: ${String(cause.shortMessage)}` : "";
  return new CorepoolError("call-reverted", {
    detail: `The step ${step.id} of the deployment failed${reason}`,
    next: "Look at the transaction and at the deployer's balance and roles, then run the deployment again.",
    data: { step: step.id, ...(transaction === undefined ? {} : { transaction }) },
    cause,
  });
}
