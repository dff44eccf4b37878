import { CorepoolError } from "@corepool/core/errors";
import type { OfferView } from "@corepool/protocol/resources";
import { getOffer, listOffers, offerPrices } from "@corepool/protocol/routes/market";
import { secondsOf } from "../market/context.ts";
import type { OfferWithState } from "../market/documents.ts";
import { inTransaction, type MarketParts } from "../market/parts.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { browse, pricesOf } from "./browse.ts";
import { offersNamed } from "./repository.ts";

const offerView = (offer: OfferWithState): OfferView => ({
  id: offer.id,
  machine: offer.machine,
  online: offer.online,
  busy: offer.busy,
  signed: offer.signed,
});

/** A sort key does not always fit a number, so both it and the offer's id stand in the cursor's id. */
const POSITION = /^(-?\d{1,40}):(ofr_[0-9a-z]+)$/;

/** Binds the routes of offers. */
export function bindOffers(api: Api, parts: MarketParts): void {
  api.bind(listOffers, async ({ query }) => {
    const { limit, cursor, sort, ...filter } = query;
    const list = pager("listOffers", { ...filter, sort });
    const [, key, id] = POSITION.exec(list.after(cursor)?.id ?? "") ?? [];
    const after = key === undefined || id === undefined ? undefined : { key: BigInt(key), id };
    return inTransaction(parts, async (_, tx) => {
      const places = await browse(tx, filter, sort, secondsOf(parts.context.clock), limit + 1, after);
      const page = list.page(
        places,
        limit,
        (place) => ({ at: 0, id: `${place.key}:${place.id}` }),
        (place) => place.id,
      );
      const offers = await offersNamed(tx, page.data);
      return { ...page, data: offers.map(offerView) };
    });
  });

  api.bind(offerPrices, ({ query }) =>
    inTransaction(parts, (_, tx) => {
      const { buckets, ...filter } = query;
      return pricesOf(tx, filter, secondsOf(parts.context.clock), buckets);
    }),
  );

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
