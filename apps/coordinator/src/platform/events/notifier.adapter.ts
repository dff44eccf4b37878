import type { Clock } from "@corepool/core/ports/clock";
import type { Notifier } from "@corepool/core/ports/notifier";
import pg from "pg";
import { CHANNEL } from "./notify-on-commit.ts";

export interface NotifierOptions {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

/** A Notifier that holds a connection. */
export interface PostgresNotifier extends Notifier {
  /** Whether notifications arrive now. */
  readonly connected: boolean;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
const CHECK_MS = 10_000;

/**
 * LISTEN/NOTIFY on one channel with the topic as payload. The listening connection is its own, is checked, and comes
 * back after a break; then every subscriber is woken, since notifications may have been lost meanwhile.
 */
export async function openNotifier(options: NotifierOptions): Promise<PostgresNotifier> {
  const listeners = new Map<string, Set<() => void>>();
  const closing = new AbortController();
  let current: pg.Client | undefined;

  const wake = (topic: string) => {
    for (const listener of listeners.get(topic) ?? []) listener();
  };

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: options.url,
      application_name: "corepool-notifier",
      keepAlive: true,
    });
    client.on("notification", (message) => wake(message.payload ?? ""));
    client.on("error", options.onTrouble);
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    return client;
  };

  /** Resolves when the connection is no longer good. */
  const watch = async (client: pg.Client): Promise<void> => {
    const ended = new AbortController();
    client.once("end", () => ended.abort());
    const stop = AbortSignal.any([closing.signal, ended.signal]);
    try {
      while (!stop.aborted) {
        await options.clock.sleep(CHECK_MS, stop);
        await client.query("select 1");
      }
    } catch (error) {
      if (!stop.aborted) options.onTrouble(error);
    }
  };

  const keep = async (first: pg.Client): Promise<void> => {
    let client: pg.Client | undefined = first;
    let pause = FIRST_PAUSE_MS;
    while (!closing.signal.aborted) {
      if (client !== undefined) {
        await watch(client);
        current = undefined;
        await client.end().catch(options.onTrouble);
        client = undefined;
        pause = FIRST_PAUSE_MS;
        continue;
      }
      try {
        client = await connect();
        current = client;
        for (const topic of listeners.keys()) wake(topic);
      } catch (error) {
        options.onTrouble(error);
        await options.clock.sleep(pause, closing.signal).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
    await client?.end().catch(options.onTrouble);
  };

  current = await connect();
  const kept = keep(current);
  return {
    get connected() {
      return current !== undefined;
    },
    async notify(topic) {
      await options.pool.query("select pg_notify($1, $2)", [CHANNEL, topic]);
    },
    subscribe(topic, listener) {
      const set = listeners.get(topic) ?? new Set();
      // One entry per subscription, even when the same function subscribes twice.
      const entry = () => listener();
      set.add(entry);
      listeners.set(topic, set);
      return () => {
        set.delete(entry);
        if (set.size === 0 && listeners.get(topic) === set) listeners.delete(topic);
      };
    },
    async close() {
      closing.abort();
      await kept;
    },
  };
}
