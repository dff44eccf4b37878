import type { Address } from "@corepool/core/hex";
import type { Market } from "@corepool/protocol/resources";
import { Trans } from "@lingui/react/macro";
import { CopyButton } from "../../kit/ui/copy.tsx";
import { connectCommand, onlyHere } from "./connect-command.ts";

/** The command that puts a computer into the market, and what it does. */
export function Connect({ market, account }: { readonly market: Market; readonly account: Address | undefined }) {
  const url = location.origin;
  const command = connectCommand({
    url,
    rpcUrl: market.rpcUrl,
    market: market.contracts.leaseMarket,
    registry: market.contracts.unitRegistry,
    payTo: account,
  });
  return (
    <div className="flex max-w-3xl flex-col gap-3">
      <p className="text-muted">
        <Trans>
          Run this in the folder of the Corepool repository, after its npm install, on a computer with Linux and
          bubblewrap:
        </Trans>
      </p>
      <div className="flex items-start rounded-(--radius) border border-line bg-bg">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
        <pre data-connect tabIndex={0} className="scroll-thin min-w-0 flex-1 overflow-x-auto p-3 font-mono text-sm">
          {command}
        </pre>
        <CopyButton text={command} className="m-2" />
      </div>
      <ul className="flex list-disc flex-col gap-1 pl-5 text-sm text-muted">
        <li>
          <Trans>
            It measures the machine, suggests a price, signs offers and isolates what it runs. It dials out, so no port
            has to be opened.
          </Trans>
        </li>
        <li>
          {account === undefined ? (
            <Trans>
              Earnings go to the machine's own key, which is drawn on that computer and stays there. Sign in to have
              them paid to your account.
            </Trans>
          ) : (
            <Trans>
              Earnings go to your account. The machine's own key, which signs its offers, is drawn on that computer and
              stays there.
            </Trans>
          )}
        </li>
        <li>
          <Trans>
            It runs until you stop it. Started as root it gives its workloads a user of their own and hard limits, and
            drops its rights; as an ordinary user it offers what it can, and its offers say so.
          </Trans>
        </li>
        {onlyHere(url) ? (
          <li>
            <Trans>
              This market can be reached from this computer only, where corepool up has connected a machine already,
              unless it was told --no-agent.
            </Trans>
          </li>
        ) : null}
        {market.rpcUrl === null ? (
          <li>
            <Trans>
              This market names no endpoint of its chain: put one of chain {market.chainId} into the command.
            </Trans>
          </li>
        ) : null}
      </ul>
    </div>
  );
}
