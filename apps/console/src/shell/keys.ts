/** A key of the shell. `go` keys follow a `g`. */
export type KeyAction =
  | { readonly type: "show"; readonly layer: "palette" | "keys" }
  | { readonly type: "go"; readonly key: string }
  | { readonly type: "wait" };

/** What of a keyboard event decides. */
export interface Stroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  /** Whether it goes to something that takes text. */
  readonly typing: boolean;
}

/** How long after `g` a second key still belongs to it. */
const PATIENCE_MS = 1_200;

/** Reads the shell's keys: ⌘K or Ctrl-K anywhere; `?` and `g` with a letter where nobody types. `now`: milliseconds. */
export function keyReader(): (stroke: Stroke, now: number) => KeyAction | undefined {
  let wentAt: number | undefined;
  return (stroke, now) => {
    const { key, ctrlKey, metaKey, altKey, typing } = stroke;
    if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === "k") return { type: "show", layer: "palette" };
    if (typing || ctrlKey || metaKey || altKey) return undefined;
    const going = wentAt !== undefined && now - wentAt <= PATIENCE_MS;
    wentAt = undefined;
    if (going && /^[a-z]$/.test(key)) return { type: "go", key };
    if (key === "g") {
      wentAt = now;
      return { type: "wait" };
    }
    if (key === "?") return { type: "show", layer: "keys" };
    return undefined;
  };
}
