import { useEffect } from "react";
import { go } from "../app/place.ts";
import { SCREENS } from "../app/screens.ts";
import { keyReader } from "./keys.ts";
import { layer, show } from "./layers.ts";

const takesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type)));

/** Listens to the shell's keys for as long as the shell stands. */
export function useKeys(): void {
  useEffect(() => {
    const read = keyReader();
    const press = (event: KeyboardEvent): void => {
      const { key, ctrlKey, metaKey, altKey } = event;
      const action = read({ key, ctrlKey, metaKey, altKey, typing: takesText(event.target) }, event.timeStamp);
      if (action === undefined || action.type === "wait") return;
      if (action.type === "show") {
        event.preventDefault();
        show(layer.get() === action.layer ? undefined : action.layer);
        return;
      }
      const target = SCREENS.find(({ screen }) => screen.goKey === action.key);
      if (target === undefined || layer.get() !== undefined) return;
      event.preventDefault();
      go(target.screen.path);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
