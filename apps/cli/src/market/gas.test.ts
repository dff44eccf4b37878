import { type TempMarket, tempMarket } from "@corepool/chain/testing/temp-market";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { openChain, withdraw } from "@corepool/sdk/chain";
import { custom } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, it } from "vitest";

const AMOUNT = 10n ** 18n;
/** An estimate must fall into the second of the transfer before it: on a busy machine it may take some goes. */
const GOES = 20;

let market: TempMarket;
beforeAll(async () => {
  market = await tempMarket();
});
afterAll(() => market.end());

it("gives a transaction the gas that it needs a second after it was estimated, when votes get a new checkpoint", async () => {
  const { client, relayer, deployment, endpoint, domain } = market;
  let estimated = 0n;
  const request = async ({ method, params }: { readonly method: string; readonly params?: readonly unknown[] }) => {
    if (method === "eth_sendRawTransaction") await endpoint.request("evm_increaseTime", [5]);
    const answer = await endpoint.request(method, params ?? []);
    if (method === "eth_estimateGas") estimated = BigInt(answer as string);
    return answer;
  };
  const account = privateKeyToAccount(client.key);
  const at = { transport: custom({ request }), chainId: domain.chainId, market: domain.market, account };
  const chain = await openChain(at);
  const gp = (functionName: string, args: readonly unknown[]) =>
    chain.send(deployment.gpToken, { abi: gpTokenAbi, functionName, args });
  await withdraw(chain, deployment.gpToken, client.address, 100n * AMOUNT);
  await gp("delegate", [client.address]);
  for (let go = 1; ; go++) {
    await gp("transfer", [relayer.address, AMOUNT]);
    const { gasUsed } = await gp("transfer", [relayer.address, AMOUNT]);
    if (gasUsed > estimated) break;
    if (go === GOES) throw new Error("no estimate was ever too low: this tests nothing");
  }
});
