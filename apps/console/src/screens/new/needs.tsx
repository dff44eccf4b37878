import type { Market, OfferView } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { CheckField, NumberField, SelectField, TextField } from "../../kit/form/fields.tsx";
import type { Form } from "../../kit/form/use-form.ts";
import { Button } from "../../kit/ui/button.tsx";
import { AddressView, Hash } from "../../kit/values/hash.tsx";
import type { Draft } from "./model.ts";
import { Pane } from "./pane.tsx";
import { hourlyOf, hourlyText, namesOf, secondsOf, secondsText, sizeOf, sizeText } from "./quantities.ts";
import { TypedField } from "./typed-field.tsx";

/** No words: the same in every language. */
const SAMPLE = "python3, numpy";

/** What it needs of a machine, and what may be paid for it. */
export function Needs({
  form,
  market,
  pinned,
  onUnpin,
}: {
  readonly form: Form<Draft>;
  readonly market: Market;
  readonly pinned: OfferView | undefined;
  readonly onUnpin: () => void;
}) {
  const { t } = useLingui();
  const { document } = form;
  const token =
    market.tokens.find((each) => each.address.toLowerCase() === String(document.constraints?.token).toLowerCase()) ??
    market.tokens[0];
  const providers = document.constraints?.providers?.map(String);
  const gpus = (document.spec?.resources?.gpus as { readonly count?: unknown } | undefined)?.count;
  const size = { read: (text: string) => sizeOf(text), write: sizeText, wrong: t`Write a size like 512 MiB or 2 GiB.` };
  return (
    <Pane title={<Trans>What it needs</Trans>}>
      {providers === undefined ? null : (
        <div
          data-pinned
          className="flex flex-wrap items-center justify-between gap-2 rounded-(--radius) border border-info px-3 py-2 text-sm"
        >
          <div className="min-w-0">
            <p>
              <Trans>Only from these providers</Trans>
            </p>
            {providers.map((each) => (
              <AddressView key={each} address={each} />
            ))}
            {pinned === undefined ? null : (
              <p className="text-muted">
                <Trans>
                  Filled in from offer <Hash value={pinned.id} />
                </Trans>
              </p>
            )}
          </div>
          <Button onClick={onUnpin}>
            <Trans>Any provider</Trans>
          </Button>
        </div>
      )}
      <div className="grid grid-cols-2 gap-x-4 gap-y-4 md:grid-cols-3 xl:grid-cols-2">
        <NumberField form={form} at="/spec/resources/cpus" label={t`CPUs`} />
        <TypedField form={form} at="/spec/resources/memoryBytes" label={t`Memory`} {...size} />
        <TypedField form={form} at="/spec/resources/diskBytes" label={t`Disk`} {...size} />
        <NumberField form={form} at="/spec/resources/gpus/count" label={t`GPUs`} />
        {typeof gpus === "number" && gpus > 0 ? (
          <>
            <TextField
              form={form}
              at="/spec/resources/gpus/model"
              label={t`GPU model`}
              placeholder="H100"
              hint={t`Empty: any.`}
            />
            <TypedField
              form={form}
              at="/spec/resources/gpus/memoryBytes"
              label={t`Memory of each GPU`}
              {...size}
              read={(text: string) => (text.trim() === "" ? null : sizeOf(text))}
              hint={t`Empty: any.`}
            />
          </>
        ) : null}
        <TypedField
          form={form}
          at="/spec/durationSeconds"
          label={t`Longest run`}
          hint={t`The escrow covers this long. What is not used comes back.`}
          wrong={t`Write a time like 90s, 10m or 1h 30m.`}
          read={secondsOf}
          write={secondsText}
        />
        {token === undefined ? null : (
          <TypedField
            form={form}
            at="/constraints/maxRate"
            label={t`Highest price, ${token.symbol}/h`}
            hint={t`Empty: any price.`}
            wrong={t`Write a plain decimal number.`}
            read={(text: string) => (text.trim() === "" ? null : hourlyOf(text, token))}
            write={(rate: string) => hourlyText(rate, token)}
          />
        )}
        <SelectField
          form={form}
          at="/constraints/token"
          label={t`Paid in`}
          options={market.tokens.map((each) => [each.address, each.symbol])}
        />
      </div>
      <TypedField
        form={form}
        at="/spec/needs"
        label={t`Software that must be there`}
        placeholder={SAMPLE}
        hint={t`Names that a machine lists, separated by commas.`}
        wrong=""
        read={(text: string) => (text.trim() === "" ? null : namesOf(text))}
        write={(names: readonly string[]) => names.join(", ")}
      />
      <CheckField form={form} at="/constraints/requireCgroup" label={t`Only machines with hard limits (cgroups)`} />
    </Pane>
  );
}
