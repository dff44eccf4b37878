import { Trans, useLingui } from "@lingui/react/macro";
import { type RefObject, useEffect, useRef, useState } from "react";
import { ICONS, Icon } from "../ui/icon.tsx";

/** Typed text goes to the URL when typing pauses, so that the router is not asked for every letter. */
export function SearchBox({
  value,
  onChange,
  inputRef,
}: {
  readonly value: string;
  readonly onChange: (next: string) => void;
  readonly inputRef: RefObject<HTMLInputElement | null>;
}) {
  const { t } = useLingui();
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const send = useRef(onChange);
  send.current = onChange;
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      send.current(text);
    }, 150);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label className="row flex w-56 min-w-32 items-center gap-2 rounded-(--radius) border border-faint bg-bg px-2.5 focus-within:outline-2 focus-within:outline-info phone:flex-1">
      <Icon path={ICONS.search} className="text-faint" />
      <span className="sr-only">
        <Trans>Search in the table</Trans>
      </span>
      <input
        ref={inputRef}
        type="search"
        value={text}
        placeholder={t`Search`}
        onChange={(event) => setText(event.target.value)}
        className="min-w-0 flex-1 bg-transparent text-sm outline-none placeholder:text-faint"
      />
      <kbd className="font-mono text-xs text-faint phone:hidden">/</kbd>
    </label>
  );
}
