import { useLingui } from "@lingui/react/macro";
import { useId, useMemo, useRef, useState } from "react";
import { inWords } from "../app/messages.ts";
import { go } from "../app/place.ts";
import { SCREENS } from "../app/screens.ts";
import { identity, leave } from "../identity/identity.ts";
import { Dialog } from "../kit/ui/dialog.tsx";
import { ICONS, Icon } from "../kit/ui/icon.tsx";
import { type Command, found } from "./commands.ts";
import { show } from "./layers.ts";
import { prefer } from "./preferences.ts";

function useCommands(): readonly Command[] {
  const { t } = useLingui();
  return useMemo(() => {
    const screens: Command[] = SCREENS.filter(({ screen }) => !screen.path.includes("$")).map(({ name, screen }) => ({
      id: `go:${name}`,
      text: inWords(screen.title),
      hint: t`Go to`,
      // Whoever knows the English word finds it in every language.
      also: `${screen.title.en} ${screen.path}`,
      run: () => go(screen.path),
    }));
    const signed = identity.get() !== undefined;
    return [
      ...screens,
      { id: "light", text: t`Light theme`, hint: t`Appearance`, also: "light", run: () => prefer({ theme: "light" }) },
      { id: "dark", text: t`Dark theme`, hint: t`Appearance`, also: "dark", run: () => prefer({ theme: "dark" }) },
      {
        id: "system",
        text: t`Theme of the system`,
        hint: t`Appearance`,
        also: "system",
        run: () => prefer({ theme: "system" }),
      },
      { id: "keys", text: t`Keyboard map`, hint: "?", also: "keyboard shortcuts", run: () => show("keys") },
      {
        id: "notices",
        text: t`Notices`,
        hint: t`Read again`,
        also: "notices notifications",
        run: () => show("notices"),
      },
      signed
        ? { id: "leave", text: t`Sign out`, hint: t`Account`, also: "sign out", run: () => void leave() }
        : {
            id: "enter",
            text: t`Sign in`,
            hint: t`Account`,
            also: "sign in connect wallet",
            run: () => show("sign-in"),
          },
    ];
  }, [t]);
}

/** Goes anywhere and runs anything by a few letters. An id or address is a command too: it opens what it names. */
export default function Palette({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLingui();
  const commands = useCommands();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const hits = found(commands, text);
  const active = Math.min(at, hits.length - 1);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  return (
    <Dialog title={t`Go to, search, run`} quietTitle place="top" onClose={onClose} focus={input}>
      <div className="flex items-center gap-2 border-b border-line px-4">
        <Icon path={ICONS.search} className="text-faint" />
        <input
          ref={input}
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={hits[active] === undefined ? undefined : `${list}-${hits[active].id}`}
          aria-label={t`Go to, search, run`}
          placeholder={t`Go to, search, run`}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
            if (step !== 0 && hits.length > 0) {
              event.preventDefault();
              setAt((active + step + hits.length) % hits.length);
            }
            if (event.key === "Enter" && !event.nativeEvent.isComposing) {
              event.preventDefault();
              run(hits[active]);
            }
          }}
          className="h-12 flex-1 bg-transparent outline-none placeholder:text-faint"
        />
      </div>
      <div id={list} role="listbox" aria-label={t`Commands`} className="p-1.5">
        {hits.map((command, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the input keeps the focus and names the active option
          // biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the input runs it
          <div
            key={command.id}
            id={`${list}-${command.id}`}
            role="option"
            aria-selected={index === active}
            onClick={() => run(command)}
            onMouseMove={() => setAt(index)}
            className="row flex cursor-pointer items-center justify-between gap-4 rounded px-2.5 text-sm aria-selected:bg-raised"
          >
            <span className="truncate">{command.text}</span>
            <span className="shrink-0 text-xs text-faint">{command.hint}</span>
          </div>
        ))}
      </div>
      {hits.length === 0 ? <p className="px-4 pt-2 pb-6 text-sm text-muted">{t`Nothing has that name.`}</p> : null}
    </Dialog>
  );
}
