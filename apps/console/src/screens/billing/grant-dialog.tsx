import type { Address } from "@corepool/core/hex";
import { amount } from "@corepool/protocol/primitives";
import type { Market } from "@corepool/protocol/resources";
import { listMandates } from "@corepool/protocol/routes/accounts";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { z } from "zod";
import { keyOf } from "../../data/query.ts";
import { keyHome } from "../../identity/identity.ts";
import { MoneyField, SelectField, TextField } from "../../kit/form/fields.tsx";
import { useForm } from "../../kit/form/use-form.ts";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { useNow } from "../../kit/values/time.tsx";
import type { KeptMandate } from "../../mandates/copy.ts";
import { BoundsInWords } from "./bounds.tsx";
import { parseAddresses } from "./mandate.ts";

const positive = amount.refine((text) => text !== "0", { error: "nothing could be rented under such a mandate" });

/** The form's document; amounts in base units, the rate per hour as people write it. */
const schema = z
  .object({
    token: z.string(),
    hourly: positive,
    total: positive,
    escrow: positive.optional(),
    days: z.enum(["1", "7", "30", "90"]),
    providers: z
      .string()
      .optional()
      .refine((text) => parseAddresses(text ?? "").wrong === undefined, { error: "not a provider's address" }),
  })
  .refine(
    ({ escrow, total }) =>
      escrow === undefined || !/^\d+$/.test(escrow) || !/^\d+$/.test(total) || BigInt(escrow) <= BigInt(total),
    {
      path: ["escrow"],
      error: "more for one lease than for all of them together",
    },
  )
  .refine(({ hourly }) => !/^\d+$/.test(hourly) || BigInt(hourly) >= 3_600n, {
    path: ["hourly"],
    error: "less than one base unit a second",
  });

/** Bounds of a document that the schema has passed. */
function boundsOf(document: z.output<typeof schema>, now: number) {
  return {
    token: document.token as Address,
    // Rounded down: the operator may pay no more than what was written.
    maxRate: BigInt(document.hourly) / 3_600n,
    maxEscrow: BigInt(document.escrow ?? document.total),
    maxTotal: BigInt(document.total),
    providers: parseAddresses(document.providers ?? "").addresses,
    expiry: Math.floor(now / 1_000) + Number(document.days) * 86_400,
  };
}

/** Lets the operator sign for the account within bounds. The bounds and the largest loss are said before it is signed. */
export function GrantDialog({ market, onClose }: { readonly market: Market; readonly onClose: () => void }) {
  const { t } = useLingui();
  const cache = useQueryClient();
  const now = useNow();
  const signed = useRef<{ readonly of: string; readonly copy: KeptMandate } | undefined>(undefined);
  const form = useForm({
    schema,
    initial: { token: market.tokens[0]?.address ?? "", days: "7" },
    send: async () => undefined,
  });
  const token = market.tokens.find((each) => each.address === form.document.token) ?? market.tokens[0];
  if (token === undefined) return null;
  const parsed = schema.safeParse(form.document);
  const bounds = parsed.success ? boundsOf(parsed.data, now) : undefined;
  const grant = async () => {
    const { data } = parsed;
    if (data === undefined) {
      await form.submit();
      throw new Error(t`The bounds are not complete yet.`);
    }
    const [{ signGrant, giveGrant }, home] = await Promise.all([import("../../mandates/sign.ts"), keyHome()]);
    const of = JSON.stringify(data);
    // Tried again with the same bounds it is the same mandate: two would bound twice as much.
    if (signed.current?.of !== of) signed.current = { of, copy: await signGrant(market, home, boundsOf(data, now)) };
    await giveGrant(signed.current.copy);
  };
  return (
    <EffectsDialog
      title={<Trans>Grant a mandate</Trans>}
      confirm={<Trans>Sign the mandate</Trans>}
      effects={{
        money:
          bounds === undefined ? (
            <Trans>
              The bounds above decide. Nothing moves when you sign; the operator may then put your cash in escrow for
              leases.
            </Trans>
          ) : (
            <BoundsInWords
              mandate={{
                operator: market.relayer,
                maxRate: String(bounds.maxRate),
                maxEscrow: String(bounds.maxEscrow),
                maxTotal: String(bounds.maxTotal),
                expiry: bounds.expiry,
              }}
              providers={bounds.providers}
              token={token}
            />
          ),
        data: <Trans>A copy stays in this browser: it is what the mandate is revoked by.</Trans>,
        time: <Trans>At once; it costs no gas. It ends by itself at its expiry, and you can revoke it before.</Trans>,
      }}
      run={grant}
      onDone={() => void cache.invalidateQueries({ queryKey: keyOf(listMandates) })}
      onClose={onClose}
    >
      <form noValidate onSubmit={(event) => event.preventDefault()} className="flex flex-col gap-3">
        <p className="text-sm text-muted">
          <Trans>To the operator</Trans> <AddressView address={market.relayer} />
        </p>
        {market.tokens.length > 1 ? (
          <SelectField
            form={form}
            at="/token"
            label={t`Token`}
            options={market.tokens.map((each) => [each.address, each.symbol])}
          />
        ) : null}
        <div className="grid gap-3 md:grid-cols-2">
          <MoneyField
            key={`r${token.address}`}
            form={form}
            at="/hourly"
            token={token}
            label={t`Highest price an hour`}
          />
          <MoneyField
            key={`t${token.address}`}
            form={form}
            at="/total"
            token={token}
            label={t`In all leases together`}
            hint={t`The largest loss.`}
          />
          <MoneyField
            key={`e${token.address}`}
            form={form}
            at="/escrow"
            token={token}
            label={t`In one lease`}
            hint={t`Empty: as much as in all.`}
          />
          <SelectField
            form={form}
            at="/days"
            label={t`Ends`}
            options={[
              ["1", t`in a day`],
              ["7", t`in 7 days`],
              ["30", t`in 30 days`],
              ["90", t`in 90 days`],
            ]}
          />
        </div>
        <TextField
          form={form}
          at="/providers"
          label={t`Only these providers`}
          hint={t`Addresses with commas between. Empty: any provider.`}
          placeholder="0x…"
        />
      </form>
    </EffectsDialog>
  );
}
