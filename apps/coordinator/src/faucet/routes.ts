import { getGrant, requestFunds } from "@corepool/protocol/routes/faucet";
import type { Api } from "../platform/http/call.ts";
import type { Faucet } from "./faucet.ts";

/** Binds the routes of the faucet: everywhere, so that where there is none it says so. */
export function bindFaucet(api: Api, faucet: Faucet): void {
  api.bind(requestFunds, ({ body, settle }) => faucet.ask(body.address, settle));
  api.bind(getGrant, ({ params }) => faucet.grant(params.id));
}
