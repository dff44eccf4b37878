import { CorepoolError } from "@corepool/core/errors";
import type { OfferView } from "@corepool/protocol/resources";
import { getOffer, listOffers } from "@corepool/protocol/routes/market";
import { lower, secondsOf } from "../market/context.ts";
import type { OfferWithState } from "../market/documents.ts";
import { inTransaction, type MarketParts } from "../market/parts.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";

const offerView = (offer: OfferWithState): OfferView => ({
  id: offer.id,
  machine: offer.machine,
  online: offer.online,
  busy: offer.busy,
  signed: offer.signed,
});

/** The list is ordered by (rate, id); a rate does not fit a number, so both stand in the cursor's id. */
const POSITION = /^(\d{1,40}):(ofr_[0-9a-z]+)$/;

/** Binds the routes of offers. */
export function bindOffers(api: Api, parts: MarketParts): void {
  api.bind(listOffers, async ({ query }) => {
    const { limit, cursor, token, provider, cpus } = query;
    const list = pager("listOffers", { token, provider, cpus });
    const after = POSITION.exec(list.after(cursor)?.id ?? "");
    const rows = await inTransaction(parts, (uow) =>
      uow.offers.matching(
        {
          token: token === undefined ? undefined : lower(token),
          provider: provider === undefined ? undefined : lower(provider),
          cpus,
          at: secondsOf(parts.context.clock),
        },
        limit + 1,
        after?.[1] === undefined || after[2] === undefined ? undefined : { rate: BigInt(after[1]), id: after[2] },
      ),
    );
    return list.page(rows, limit, (row) => ({ at: 0, id: `${row.rate}:${row.id}` }), offerView);
  });

  api.bind(getOffer, async ({ params }) => {
    const offer = await inTransaction(parts, (uow) => uow.offers.get(params.id));
    if (offer === undefined) {
      throw new CorepoolError("not-found", {
        detail: `There is no open offer ${params.id}.`,
        next: "See the open ones: GET /v1/offers.",
      });
    }
    return offerView(offer);
  });
}
