import type { Address } from "@corepool/core/hex";
import type { Token } from "@corepool/core/money";
import type { MandateMessage } from "@corepool/protocol/spec";
import { Trans } from "@lingui/react/macro";
import { AddressView } from "../../kit/values/hash.tsx";
import { Money, Rate } from "../../kit/values/money.tsx";
import { Time } from "../../kit/values/time.tsx";

/** What a mandate's bounds mean, in sentences, with the largest loss. */
export function BoundsInWords({
  mandate,
  providers,
  token,
}: {
  readonly mandate: Pick<MandateMessage, "operator" | "maxRate" | "maxEscrow" | "maxTotal" | "expiry">;
  readonly providers: readonly Address[];
  readonly token: Token;
}) {
  return (
    <div className="flex flex-col gap-1">
      <p>
        <Trans>
          Until <Time at={mandate.expiry} /> the operator may rent for you: at most{" "}
          <Rate perSecond={mandate.maxRate} token={token} /> for a machine, at most{" "}
          <Money base={mandate.maxEscrow} token={token} /> in one lease, <Money base={mandate.maxTotal} token={token} />{" "}
          in all.
        </Trans>
      </p>
      <p className="text-muted">
        {providers.length === 0 ? (
          <Trans>From any provider.</Trans>
        ) : (
          <>
            <Trans>Only from:</Trans>{" "}
            {providers.map((each) => (
              <span key={each} className="mr-3">
                <AddressView address={each} />
              </span>
            ))}
          </>
        )}
      </p>
      <p className="text-warn">
        <Trans>
          Largest loss if he is dishonest: <Money base={mandate.maxTotal} token={token} />, all of it.
        </Trans>
      </p>
    </div>
  );
}
