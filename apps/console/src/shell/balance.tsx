import { getAccount } from "@corepool/protocol/routes/accounts";
import { Trans } from "@lingui/react/macro";
import { useRoute } from "../data/query.ts";
import { Money } from "../kit/values/money.tsx";

/** What the account can spend on the ledger, in the market's first token. */
export default function Balance() {
  const { data } = useRoute(getAccount, {}, { every: 30_000 });
  const first = data?.balances[0];
  if (first === undefined) return null;
  return (
    <span className="text-sm phone:hidden">
      <span className="sr-only">
        <Trans>Cash on the ledger</Trans>
      </span>
      <Money base={first.cash} token={first} />
    </span>
  );
}
