import { formatAmount, parseAmount, type Token } from "@corepool/core/money";
import { Trans, useLingui } from "@lingui/react/macro";
import { type ReactNode, useId, useState } from "react";
import type { Pointer } from "./pointer.ts";
import type { FieldProblem } from "./problems.ts";
import type { Form } from "./use-form.ts";

/** A problem in the language that is spoken; what only the schema knows to say is told in its words. */
export function useProblemText(): (problem: FieldProblem) => string {
  const { t, i18n } = useLingui();
  return ({ code, limit, of, message }) => {
    if (code === "missing") return t`This is needed.`;
    if (code === "bad-amount") return t`Write a plain decimal number.`;
    if (code === "too_small" && limit === 1 && of !== "number") return t`This is needed.`;
    if (code === "too_small") return of === "string" ? t`At least ${limit} characters.` : t`At least ${limit}.`;
    if (code === "too_big") return of === "string" ? t`At most ${limit} characters.` : t`At most ${limit}.`;
    if (code === "invalid_type") return t`This is not of the kind that is needed.`;
    return i18n.locale === "en" ? message : `${t`This does not have the form that is needed.`} (${message})`;
  };
}

interface Props {
  /** Of any document: a field reaches into it by its pointer. */
  readonly form: Pick<Form<unknown>, "get" | "set" | "problemAt" | "leave">;
  readonly at: Pointer;
  readonly label: string;
  readonly hint?: ReactNode;
}

const INPUT = "row w-full rounded-(--radius) border bg-bg px-2.5 text-base placeholder:text-faint";

/** Label, control, hint and problem, tied together for eyes and ears. */
export function Field({
  form,
  at,
  label,
  hint,
  children,
  problem,
}: Props & {
  readonly problem?: string | undefined;
  readonly children: (control: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": true | undefined;
    className: string;
    onBlur: () => void;
  }) => ReactNode;
}) {
  const id = useId();
  const text = useProblemText();
  const found = form.problemAt(at);
  const shown = problem ?? (found === undefined ? undefined : text(found));
  const described = [shown === undefined ? undefined : `${id}-problem`, hint === undefined ? undefined : `${id}-hint`]
    .filter((each) => each !== undefined)
    .join(" ");
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-sm text-muted">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": described === "" ? undefined : described,
        "aria-invalid": shown === undefined ? undefined : true,
        className: `${INPUT} ${shown === undefined ? "border-faint" : "border-bad"}`,
        onBlur: () => form.leave(at),
      })}
      {shown === undefined ? null : (
        <p id={`${id}-problem`} role="alert" className="text-sm text-bad">
          {shown}
        </p>
      )}
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="text-sm text-faint">
          {hint}
        </p>
      )}
    </div>
  );
}

const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

/** A line of text. An empty one takes the field out. */
export function TextField({ placeholder, ...props }: Props & { readonly placeholder?: string }) {
  return (
    <Field {...props}>
      {(control) => (
        <input
          {...control}
          placeholder={placeholder}
          value={textOf(props.form.get(props.at))}
          onChange={(event) => props.form.set(props.at, event.target.value === "" ? undefined : event.target.value)}
        />
      )}
    </Field>
  );
}

/** A number. What is no number is told as such, not swallowed. */
export function NumberField({ unit, ...props }: Props & { readonly unit?: string }) {
  return (
    <Field {...props}>
      {(control) => (
        <span className="flex items-center gap-2">
          <input
            {...control}
            inputMode="decimal"
            value={textOf(props.form.get(props.at))}
            onChange={(event) => {
              const { value } = event.target;
              const number = Number(value);
              props.form.set(props.at, value.trim() === "" ? undefined : Number.isFinite(number) ? number : value);
            }}
            className={`${control.className} font-mono`}
          />
          {unit === undefined ? null : <span className="text-sm text-muted">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

/** An amount of a token: read in whole tokens, kept in base units as the API takes them. */
export function MoneyField({ token, ...props }: Props & { readonly token: Token }) {
  const { t } = useLingui();
  const base = props.form.get(props.at);
  const known = typeof base === "string" && /^\d+$/.test(base) ? formatAmount(BigInt(base), token) : "";
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [bad, setBad] = useState(false);
  return (
    <Field
      {...props}
      problem={
        bad ? t`Write a plain decimal number with at most ${token.decimals} digits behind the point.` : undefined
      }
    >
      {(control) => (
        <span className="flex items-center gap-2">
          <input
            {...control}
            inputMode="decimal"
            value={typed ?? known}
            onBlur={() => {
              control.onBlur();
              if (!bad) setTyped(undefined);
            }}
            onChange={(event) => {
              const { value } = event.target;
              setTyped(value);
              try {
                props.form.set(props.at, value.trim() === "" ? undefined : String(parseAmount(value, token)));
                setBad(false);
              } catch {
                // Kept as it was typed: the schema refuses it too, so the form cannot be sent.
                props.form.set(props.at, value);
                setBad(true);
              }
            }}
            className={`${control.className} font-mono`}
          />
          <span className="text-sm text-muted">{token.symbol}</span>
        </span>
      )}
    </Field>
  );
}

/** One of several. `""` in the options stands for none. */
export function SelectField({
  options,
  ...props
}: Props & { readonly options: readonly (readonly [string, string])[] }) {
  return (
    <Field {...props}>
      {(control) => (
        <select
          {...control}
          value={textOf(props.form.get(props.at))}
          onChange={(event) => props.form.set(props.at, event.target.value === "" ? undefined : event.target.value)}
        >
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Some of several: a list of their keys. */
export function SetField({
  form,
  at,
  label,
  hint,
  options,
}: Props & { readonly options: readonly (readonly [string, string, string?])[] }) {
  const id = useId();
  const text = useProblemText();
  const value = form.get(at);
  const chosen: readonly unknown[] = Array.isArray(value) ? value : [];
  const problem = form.problemAt(at);
  return (
    <fieldset className="min-w-0" aria-describedby={problem === undefined ? undefined : `${id}-problem`}>
      <legend className="mb-1 text-sm text-muted">{label}</legend>
      <div className="flex flex-col">
        {options.map(([key, name, more]) => (
          <label key={key} className="row flex items-center gap-2 text-sm">
            <input
              type="checkbox"
              checked={chosen.includes(key)}
              onChange={(event) => {
                const next = options
                  .map(([each]) => each)
                  .filter((each) => (each === key ? event.target.checked : chosen.includes(each)));
                form.set(at, next);
                form.leave(at);
              }}
            />
            <span className="font-mono">{name}</span>
            {more === undefined ? null : <span className="text-muted">{more}</span>}
          </label>
        ))}
      </div>
      {problem === undefined ? null : (
        <p id={`${id}-problem`} role="alert" className="text-sm text-bad">
          {text(problem)}
        </p>
      )}
      {hint === undefined ? null : <p className="text-sm text-faint">{hint}</p>}
    </fieldset>
  );
}

/** Yes or no. */
export function CheckField({ form, at, label, hint }: Props) {
  return (
    <label className="row flex items-center gap-2 text-sm">
      <input type="checkbox" checked={form.get(at) === true} onChange={(event) => form.set(at, event.target.checked)} />
      <span>{label}</span>
      {hint === undefined ? null : <span className="text-muted">{hint}</span>}
    </label>
  );
}

/** A failure that no field answers for, above the button that caused it. */
export function FormFailure({ form }: { readonly form: Pick<Form<unknown>, "failure"> }) {
  const { failure } = form;
  if (failure === undefined) return null;
  return (
    <div role="alert" className="rounded-(--radius) border border-bad px-3 py-2 text-sm">
      <p className="text-bad">
        <Trans>It was not sent through.</Trans>
      </p>
      <p className="text-muted">{failure instanceof Error ? failure.message : JSON.stringify(failure)}</p>
    </div>
  );
}
