import { type ReactNode, useState } from "react";
import { Field } from "../../kit/form/fields.tsx";
import type { Pointer } from "../../kit/form/pointer.ts";
import type { Form } from "../../kit/form/use-form.ts";

/**
 * A field whose text stands for something else: a size, a duration, a command. What cannot be read is kept as typed and
 * refused by the form's schema; what another part of the page sets is written out anew.
 * @param read undefined for what cannot be read; `null` takes the field out
 */
export function TypedField({
  form,
  at,
  label,
  hint,
  wrong,
  read,
  write,
  lines,
  placeholder,
}: {
  readonly form: Pick<Form<unknown>, "get" | "set" | "problemAt" | "leave">;
  readonly at: Pointer;
  readonly label: string;
  readonly hint?: ReactNode;
  /** Said of what cannot be read. */
  readonly wrong: string;
  readonly read: (text: string) => unknown;
  readonly write: (value: never) => string;
  /** More than one line of text. */
  readonly lines?: number;
  readonly placeholder?: string;
}) {
  const value = form.get(at);
  const print = JSON.stringify(value);
  const [typed, setTyped] = useState<
    { readonly text: string; readonly print: string | undefined; readonly bad: boolean } | undefined
  >(undefined);
  const mine = typed !== undefined && typed.print === print;
  const text = mine ? typed.text : value === undefined ? "" : write(value as never);
  const change = (next: string) => {
    const parsed = read(next);
    const kept = parsed === undefined ? next : (parsed ?? undefined);
    form.set(at, kept);
    setTyped({ text: next, print: JSON.stringify(kept), bad: parsed === undefined });
  };
  return (
    <Field
      form={form}
      at={at}
      label={label}
      {...(hint === undefined ? {} : { hint })}
      problem={mine && typed.bad ? wrong : undefined}
    >
      {(control) =>
        lines === undefined ? (
          <input
            {...control}
            className={`${control.className} font-mono`}
            value={text}
            placeholder={placeholder}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => change(event.target.value)}
          />
        ) : (
          <textarea
            {...control}
            className={`${control.className} !h-auto resize-y py-1.5 font-mono`}
            rows={lines}
            value={text}
            placeholder={placeholder}
            spellCheck={false}
            onChange={(event) => change(event.target.value)}
          />
        )
      }
    </Field>
  );
}
