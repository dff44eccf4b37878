import type { Address } from "@corepool/core/hex";
import { accessManagerAbi } from "@corepool/protocol/abi/access-manager.gen";
import {
  type AbiFunction,
  createPublicClient,
  encodeFunctionData,
  http,
  parseEther,
  zeroAddress,
  zeroHash,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { deploy } from "../deploy.ts";
import { quantity } from "../rpc.ts";
import { type TempChain, tempChain } from "../testing/temp-chain.ts";
import { CONTRACTS, type ContractName } from "./contracts.ts";
import { selectorOf } from "./encode.ts";
import { roleHolders } from "./plan.ts";
import type { DeploymentRecord } from "./record.ts";
import { RESTRICTED, ROLES, type RoleName } from "./roles.ts";

const account = (n: number): Address => `0x${n.toString(16).padStart(40, "a")}`;
const roles = {
  EMITTER: account(1),
  BRIDGE_SETTER: account(2),
  GUARDIAN: account(3),
  FEE_SETTER: account(4),
  LISTER: account(5),
};
const admin = account(6);
const STRANGER = account(7);
const deployer = privateKeyToAccount(generatePrivateKey());
const options = { feeSink: account(8), stablecoin: "test", admin, roles } as const;

let chain: TempChain;
let record: DeploymentRecord;
beforeAll(async () => {
  chain = await tempChain();
  await chain.endpoint.request("anvil_setBalance", [deployer.address, quantity(parseEther("10"))]);
  record = await deploy({
    transport: http(chain.chain.rpcUrl),
    account: deployer,
    options,
    save: async () => {},
    clock: systemClock,
    pollMs: 5,
  });
});
afterAll(() => chain.end());

function addressOf(name: ContractName): Address {
  const address = record.addresses[name];
  if (address === undefined) throw new Error(`${name} was not deployed`);
  return address;
}

const client = () => createPublicClient({ transport: http(chain.chain.rpcUrl) });

async function mayCall(caller: Address, contract: ContractName, name: string): Promise<boolean> {
  const [immediate] = await client().readContract({
    address: addressOf("accessManager"),
    abi: accessManagerAbi,
    functionName: "canCall",
    args: [caller, addressOf(contract), selectorOf(contract, name)],
  });
  return immediate;
}

describe("the roles after a deployment", () => {
  const holders = roleHolders({ ...options, deployer: deployer.address });
  const callers: readonly (readonly [string, Address])[] = [
    ...(Object.entries(holders) as [RoleName, Address][]),
    ["the deployer, who gave ADMIN away", deployer.address],
    ["a stranger", STRANGER],
  ];

  it.each(RESTRICTED.map((f) => [`${f.contract}.${f.function}`, f] as const))(
    "%s may be called by its role alone",
    async (_, f) => {
      for (const [who, caller] of callers) {
        expect(await mayCall(caller, f.contract, f.function), who).toBe(who === f.role);
      }
    },
  );

  it("leaves no other function restricted", async () => {
    const found: string[] = [];
    for (const contract of ["gpToken", "testUsdc", "unitRegistry", "leaseMarket"] as const) {
      for (const f of functionsThatWrite(contract)) {
        if (await refusesStranger(contract, f)) found.push(`${contract}.${f.name}`);
      }
    }
    // Only the AccessManager itself may move a contract to another authority, and ADMIN tells it to.
    const authority = ["gpToken", "unitRegistry", "leaseMarket"].map((contract) => `${contract}.setAuthority`);
    expect(found.sort()).toEqual([...RESTRICTED.map((f) => `${f.contract}.${f.function}`), ...authority].sort());
  });

  it("has one member in each role, without delay, and a label for each", async () => {
    const manager = { address: addressOf("accessManager"), abi: accessManagerAbi } as const;
    for (const [name, id] of Object.entries(ROLES) as [RoleName, bigint][]) {
      const granted = await client().getContractEvents({
        ...manager,
        eventName: "RoleGranted",
        args: { roleId: id },
        fromBlock: 0n,
      });
      const revoked = await client().getContractEvents({
        ...manager,
        eventName: "RoleRevoked",
        args: { roleId: id },
        fromBlock: 0n,
      });
      const gone = new Set(revoked.map((e) => e.args.account));
      const members = granted.map((e) => e.args.account).filter((a) => !gone.has(a));
      expect(members.map((a) => a?.toLowerCase())).toEqual([holders[name].toLowerCase()]);
      expect(await client().readContract({ ...manager, functionName: "hasRole", args: [id, holders[name]] })).toEqual([
        true,
        0,
      ]);
    }
    const labels = await client().getContractEvents({ ...manager, eventName: "RoleLabel", fromBlock: 0n });
    expect(labels.map((e) => e.args.label)).toEqual(["EMITTER", "BRIDGE_SETTER", "GUARDIAN", "FEE_SETTER", "LISTER"]);
  });
});

function functionsThatWrite(contract: ContractName): AbiFunction[] {
  return CONTRACTS[contract].abi.filter(
    (item): item is AbiFunction => item.type === "function" && item.stateMutability === "nonpayable",
  );
}

/** Whether a call with empty arguments fails because of who calls: the check comes before all others. */
async function refusesStranger(contract: ContractName, f: AbiFunction): Promise<boolean> {
  const data = encodeFunctionData({ abi: [f], args: f.inputs.map(emptyValue) });
  const answer = await client()
    .call({ account: STRANGER, to: addressOf(contract), data })
    .then(
      () => "",
      (e: unknown) => JSON.stringify(e, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v)) + String(e),
    );
  // AccessManagedUnauthorized(address)
  return answer.includes("0x068ca9d8");
}

function emptyValue(input: { readonly type: string; readonly components?: readonly unknown[] }): unknown {
  const { type } = input;
  if (type.endsWith("[]")) return [];
  if (type === "tuple") {
    const members = (input.components ?? []) as readonly { name: string; type: string }[];
    return Object.fromEntries(members.map((member) => [member.name, emptyValue(member)]));
  }
  if (type === "bool") return false;
  if (type === "string") return "";
  if (type === "bytes") return "0x";
  if (type === "address") return zeroAddress;
  if (type === "bytes32") return zeroHash;
  return Number(type.replace(/\D/g, "")) > 48 ? 0n : 0;
}
