import { downloadLog } from "@corepool/protocol/routes/records";
import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState } from "react";
import { call } from "../../../data/client.ts";
import { Button } from "../../../kit/ui/button.tsx";
import { ICONS, Icon } from "../../../kit/ui/icon.tsx";
import { Menu, MenuCheck, MenuItem, MenuRule } from "../../../kit/ui/menu.tsx";
import { saveFile } from "../../../kit/ui/save-file.ts";
import { notify } from "../../../shell/notices.ts";
import type { LogSource } from "./lines.ts";

const UP = "M4 10l4-4 4 4";
const END = "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10";
const OPTIONS = "M3 4.5h10M3 8h10M3 11.5h10";

/** What of the URL the tools change. */
export interface LogSearch {
  readonly find?: string | undefined;
  readonly source?: LogSource | undefined;
  readonly only?: "yes" | undefined;
  readonly times?: "yes" | undefined;
}

/** Gets a log as a file, whole or one of its outputs. */
async function download(workload: string, attempt: number, source: LogSource | undefined): Promise<void> {
  const query = { ...(attempt === 0 ? {} : { attempt }), ...(source === undefined ? {} : { stream: source }) };
  const body: unknown = await call(downloadLog, { params: { id: workload }, query });
  const blob = await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).blob();
  saveFile(
    `${workload}${attempt > 1 ? `-${attempt}` : ""}${source === undefined ? "" : `-${source}`}.log`,
    blob,
    "text/plain",
  );
}

/** Search, what is shown, following, download. */
export function LogTools({
  workload,
  attempts,
  text,
  source,
  only,
  times,
  following,
  found,
  onSearch,
  onJump,
  onFollow,
}: {
  readonly workload: string;
  readonly attempts: number;
  readonly text: string;
  readonly source: LogSource | "all";
  readonly only: boolean;
  readonly times: boolean;
  readonly following: boolean;
  readonly found: { readonly position: number; readonly total: number } | undefined;
  readonly onSearch: (patch: LogSearch) => void;
  readonly onJump: (step: 1 | -1) => void;
  readonly onFollow: (on: boolean) => void;
}) {
  const { t } = useLingui();
  const [typed, setTyped] = useState(text);
  const box = useRef<HTMLInputElement>(null);
  const send = useRef(onSearch);
  send.current = onSearch;
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => send.current({ find: typed === "" ? undefined : typed }), 150);
    return () => clearTimeout(timer);
  }, [typed, text]);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      if (
        event.key !== "/" ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        target.matches("input, textarea, select, [contenteditable]")
      )
        return;
      box.current?.focus();
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const save = (of: LogSource | undefined): void => {
    download(workload, 0, of).catch((error: unknown) =>
      notify({
        tone: "bad",
        text: t`The log could not be downloaded.`,
        detail: error instanceof Error ? error.message : String(error),
      }),
    );
  };
  const sources = [
    ["all", t`All output`],
    ["stdout", "stdout"],
    ["stderr", "stderr"],
  ] as const;
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2 md:px-6">
      <label className="row flex w-64 min-w-0 items-center gap-2 rounded-(--radius) border border-faint bg-bg px-2.5 focus-within:outline-2 focus-within:outline-info phone:w-full">
        <Icon path={ICONS.search} className="text-faint" />
        <span className="sr-only">
          <Trans>Search in the log</Trans>
        </span>
        <input
          ref={box}
          type="search"
          value={typed}
          maxLength={200}
          placeholder={t`Search in the log`}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") onJump(event.shiftKey ? -1 : 1);
          }}
          className="min-w-0 flex-1 bg-transparent text-sm outline-none placeholder:text-faint"
        />
        <span role="status" className="font-mono text-xs whitespace-nowrap text-muted">
          {found === undefined ? "" : `${found.position} / ${found.total}`}
        </span>
      </label>
      {found === undefined ? null : (
        <span className="flex">
          <Button look="quiet" icon={UP} aria-label={t`Found line before`} onClick={() => onJump(-1)} />
          <Button look="quiet" icon={ICONS.chevron} aria-label={t`Next found line`} onClick={() => onJump(1)} />
        </span>
      )}
      <label className="text-sm">
        <span className="sr-only">
          <Trans>Output</Trans>
        </span>
        <select
          value={source}
          onChange={(event) =>
            onSearch({ source: event.target.value === "all" ? undefined : (event.target.value as LogSource) })
          }
          className="row rounded-(--radius) border border-faint bg-bg px-2"
        >
          {sources.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div className="ml-auto flex items-center gap-0.5">
        <Button
          look={following ? "plain" : "quiet"}
          icon={END}
          aria-pressed={following}
          onClick={() => onFollow(!following)}
        >
          <span className="phone:sr-only">
            <Trans>Follow</Trans>
          </span>
        </Button>
        <Menu label={t`What is shown`} icon={OPTIONS} iconOnly>
          <MenuCheck checked={only} onChange={(on) => onSearch({ only: on ? "yes" : undefined })}>
            <Trans>Only found lines</Trans>
          </MenuCheck>
          <MenuCheck checked={times} onChange={(on) => onSearch({ times: on ? "yes" : undefined })}>
            <Trans>When this page received a line</Trans>
          </MenuCheck>
        </Menu>
        <Menu label={t`Download`} icon={ICONS.download} iconOnly>
          <MenuItem onClick={() => save(undefined)}>
            <Trans>Whole log</Trans>
          </MenuItem>
          <MenuItem onClick={() => save("stdout")}>
            <code>stdout</code>
          </MenuItem>
          <MenuItem onClick={() => save("stderr")}>
            <code>stderr</code>
          </MenuItem>
          {attempts > 1 ? <MenuRule /> : null}
          {Array.from({ length: attempts > 1 ? attempts : 0 }, (_, index) => index + 1).map((number) => (
            <MenuItem key={number} onClick={() => void download(workload, number, undefined)}>
              <Trans>Attempt {number}</Trans>
            </MenuItem>
          ))}
        </Menu>
      </div>
    </div>
  );
}
