import { useId } from "react";

/** A choice of a few, all in sight: radio buttons that look like one control. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (next: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 text-sm text-muted">{label}</legend>
      <div className="inline-flex flex-wrap rounded-(--radius) border border-faint bg-surface p-0.5">
        {options.map(([key, text]) => (
          <label
            key={key}
            className="flex min-h-[calc(var(--row)-0.375rem)] items-center rounded-[4px] px-3 text-sm text-muted hover:text-text has-checked:bg-raised has-checked:font-medium has-checked:text-text has-checked:shadow-[0_0_0_1px_var(--line)] has-focus-visible:outline-2 has-focus-visible:outline-info"
          >
            <input
              type="radio"
              name={name}
              checked={value === key}
              onChange={() => onChange(key)}
              className="sr-only"
            />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
