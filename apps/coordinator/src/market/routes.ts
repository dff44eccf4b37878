import { getMarket } from "@corepool/protocol/routes/market";
import type { Api } from "../platform/http/call.ts";
import { inTransaction, type MarketParts } from "./parts.ts";

/** The version that clients are told; it moves with the workspace's. */
const VERSION = "0.1.0";

/** Binds the route that tells a client everything it needs to check and sign for itself. */
export function bindMarket(api: Api, parts: MarketParts): void {
  const { context, platform, operator } = parts;
  api.bind(getMarket, async () => {
    const { head } = await inTransaction(parts, (uow) => uow.chain.progress());
    const newest = await context.chain.head();
    const { deployment, config } = platform;
    return {
      chainId: context.domain.chainId,
      rpcUrl: config.publicRpcUrl ?? null,
      contracts: {
        leaseMarket: deployment.leaseMarket,
        unitRegistry: deployment.unitRegistry,
        accessManager: deployment.accessManager,
        gp: deployment.gpToken,
      },
      tokens: context.tokens.map((token) => ({ ...token })),
      closeWindowSeconds: context.closeWindowSeconds,
      refusedWeaknesses: [...(context.refusedWeaknesses ?? [])],
      relayer: operator,
      head: { number: String(newest.number), lagBlocks: Math.max(0, Number(newest.number - head)) },
      faucet: parts.faucet?.view() ?? null,
      version: VERSION,
    };
  });
}
