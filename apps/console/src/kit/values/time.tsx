import { i18n } from "@lingui/core";
import { useEffect } from "react";
import { createStore, useStore } from "../../app/store.ts";
import { durationText } from "./quantities.ts";

const now = createStore(Date.now());
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The time, renewed every second while somebody looks; one timer for the whole page. */
export function useNow(): number {
  useEffect(() => {
    if (watchers++ === 0) {
      now.set(Date.now());
      timer = setInterval(() => now.set(Date.now()), 1_000);
    }
    return () => {
      if (--watchers === 0) clearInterval(timer);
    };
  }, []);
  return useStore(now);
}

/** A time of the API (RFC 3339), of the chain (seconds) or of the clock (milliseconds), as milliseconds. */
export function millis(at: string | number): number {
  if (typeof at === "string") return Date.parse(at);
  return at < 100_000_000_000 ? at * 1_000 : at;
}

const utc = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");

/** A time as the clock on the wall shows it; UTC on hover. */
export function Time({ at, seconds = false }: { readonly at: string | number; readonly seconds?: boolean }) {
  const ms = millis(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)} className="whitespace-nowrap tabular-nums">
      {i18n.date(new Date(ms), {
        dateStyle: "medium",
        timeStyle: seconds ? "medium" : "short",
      })}
    </time>
  );
}

/** How long ago, or in how long: it goes on by itself. The time itself, in UTC, on hover. */
export function Ago({ at }: { readonly at: string | number }) {
  const ms = millis(at);
  const age = useNow() - ms;
  const shown = Math.abs(age) < 1_000 ? 0 : Math.abs(age);
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)} className="whitespace-nowrap tabular-nums">
      {age < -999 ? `+${durationText(shown)}` : shown === 0 ? "0s" : durationText(shown)}
    </time>
  );
}

/** A duration in milliseconds. */
export function Duration({ ms }: { readonly ms: number }) {
  return (
    <span className="whitespace-nowrap tabular-nums" title={`${ms / 1_000} s`}>
      {durationText(ms)}
    </span>
  );
}
