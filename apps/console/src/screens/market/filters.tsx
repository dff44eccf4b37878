import type { Market } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { type ReactNode, useEffect, useState } from "react";
import type { MarketFilter } from "./filter.ts";

const CONTROL = "row min-w-0 rounded-(--radius) border border-faint bg-bg px-2 text-sm";

function Labelled({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is its child
    <label className="flex min-w-0 flex-col gap-1 text-xs text-muted">
      {label}
      {children}
    </label>
  );
}

/** A number as it is typed; it goes to the URL when it is one. */
function NumberBox({
  label,
  value,
  decimal = false,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly decimal?: boolean;
  readonly onChange: (next: string | undefined) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const fits = text === "" || (decimal ? /^\d{1,20}(\.\d{1,18})?$/ : /^[1-9]\d{0,5}$/).test(text);
  return (
    <Labelled label={label}>
      <input
        inputMode={decimal ? "decimal" : "numeric"}
        value={text}
        aria-invalid={fits ? undefined : true}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => (fits ? onChange(text === "" ? undefined : text) : setText(value))}
        onKeyDown={(event) => {
          if (event.key === "Enter" && fits) onChange(text === "" ? undefined : text);
        }}
        className={`${CONTROL} w-20 font-mono ${fits ? "" : "border-bad"}`}
      />
    </Labelled>
  );
}

/** The market's filters; each lives in the URL. */
export function Filters({
  search,
  setSearch,
  models,
  tokens,
  token,
}: {
  readonly search: MarketFilter;
  readonly setSearch: (patch: MarketFilter) => void;
  readonly models: readonly string[];
  readonly tokens: Market["tokens"];
  readonly token: string | undefined;
}) {
  const { t } = useLingui();
  const symbol = tokens.find((each) => each.address.toLowerCase() === token?.toLowerCase())?.symbol ?? "";
  return (
    <div className="flex flex-wrap content-start items-end gap-x-3 gap-y-2">
      <Labelled label={t`GPU`}>
        <select
          value={search.gpu ?? ""}
          onChange={(event) => setSearch({ gpu: event.target.value === "" ? undefined : event.target.value })}
          className={`${CONTROL} max-w-44`}
        >
          <option value="">{t`Any or none`}</option>
          <option value="none">{t`CPU only`}</option>
          {models.map((model) => (
            <option key={model} value={model}>
              {model}
            </option>
          ))}
        </select>
      </Labelled>
      <NumberBox
        label={t`CPUs, at least`}
        value={String(search.cpus ?? "")}
        onChange={(next) => setSearch({ cpus: next === undefined ? undefined : Number(next) })}
      />
      <NumberBox
        label={t`Memory, GiB`}
        value={String(search.memory ?? "")}
        onChange={(next) => setSearch({ memory: next === undefined ? undefined : Number(next) })}
      />
      <NumberBox
        label={t`At most, ${symbol}/h`}
        decimal
        value={search.max ?? ""}
        onChange={(next) => setSearch({ max: next })}
      />
      {tokens.length > 1 ? (
        <Labelled label={t`Paid in`}>
          <select
            value={token}
            onChange={(event) =>
              setSearch({ token: event.target.value === tokens[0]?.address ? undefined : event.target.value })
            }
            className={CONTROL}
          >
            {tokens.map((each) => (
              <option key={each.address} value={each.address}>
                {each.symbol}
              </option>
            ))}
          </select>
        </Labelled>
      ) : null}
      <label className="row flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          checked={search.free === "all"}
          onChange={(event) => setSearch({ free: event.target.checked ? "all" : undefined })}
        />
        <Trans>Taken and offline too</Trans>
      </label>
    </div>
  );
}
