import type { AccountEvent } from "@corepool/protocol/resources";
import type { Scope } from "@corepool/protocol/route";
import { streamAccount } from "@corepool/protocol/routes/accounts";
import { accountTopic } from "../market/store.ts";
import { OFFERS_WAKE } from "../offers/topics.ts";
import type { StoredEvent } from "../platform/events/event-log.ts";
import { type FollowParts, followTopic, resumeAt } from "../platform/events/follow-topic.ts";
import type { Api } from "../platform/http/call.ts";
import { lastEventId, sse } from "../platform/http/sse.ts";

interface Body {
  readonly workload: string | null;
  readonly state: string | null;
  readonly note: string | null;
  readonly machine?: `0x${string}`;
  readonly lease?: `0x${string}`;
}

/** What a caller needs to see events whose type begins so. */
const NEEDED: readonly (readonly [RegExp, Scope])[] = [
  [/^(workload|attempt)\./, "workloads:read"],
  [/^/, "account:read"],
];

/** An event of an account as the API shows it to a caller with these scopes; undefined for what he may not see. */
export function accountEventOf(event: StoredEvent, scopes: ReadonlySet<Scope>): AccountEvent | undefined {
  const needed = NEEDED.find(([pattern]) => pattern.test(event.type))?.[1];
  if (needed === undefined || !scopes.has(needed)) return undefined;
  const { workload, state, note, machine, lease } = event.body as Body;
  const { id, type, at } = event;
  return { id, type, at: at.toISOString(), workload, lease: lease ?? null, machine: machine ?? null, state, note };
}

/** Binds the stream of everything that happens to an account. */
export function bindAccountStream(api: Api, parts: FollowParts): void {
  const { events, clock } = parts;
  api.bind(streamAccount, async ({ caller, query, request, signal, stillAllowed }) => {
    const topic = accountTopic(caller.account);
    const resume = await resumeAt(events, topic, lastEventId(request));
    const from = { ...resume, after: resume.after ?? (await events.last(topic)) };
    const hint = query.offers === "true" ? { topic: OFFERS_WAKE, name: "offers" } : undefined;
    return sse({ clock, signal, stillAllowed }, (writer) =>
      followTopic(
        parts,
        topic,
        from,
        writer,
        async (event) => {
          const view = accountEventOf(event, caller.scopes);
          if (view !== undefined) await writer.send({ id: event.id, event: view.type, data: JSON.stringify(view) });
        },
        hint,
      ),
    );
  });
}
