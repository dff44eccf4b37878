import { signInWith } from "@corepool/sdk/sign-in";
import type { TestMarket } from "./market.ts";

export interface SeenEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

function parse(block: string): SeenEvent | undefined {
  const field = (name: string) =>
    block
      .split("\n")
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2))
      .join("\n");
  const data = field("data");
  return data === "" ? undefined : { id: field("id") || undefined, event: field("event") || undefined, data };
}

/** Reads server-sent events until there are `count`, or until one of the type `end` came. */
export async function readEvents(
  market: TestMarket,
  path: string,
  query: Readonly<Record<string, string>>,
  count: number,
  lastEventId?: string,
): Promise<SeenEvent[]> {
  const { token } = await signInWith(market.api, market.wallet);
  const abort = new AbortController();
  const response = await fetch(`${market.url}${path}?${new URLSearchParams(query).toString()}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    },
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(15_000)]),
  });
  if (response.status !== 200 || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const seen: SeenEvent[] = [];
  let text = "";
  try {
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      seen.push(...blocks.flatMap((block) => parse(block) ?? []));
      if (seen.length >= count || seen.some((event) => event.event === "end")) break;
    }
  } finally {
    abort.abort();
  }
  return seen;
}
