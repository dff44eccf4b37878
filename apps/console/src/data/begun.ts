/** A read that `public/first-paint.js` began for the screen of the address, before this code was here. */
interface BegunRead {
  readonly authorization: string | undefined;
  readonly response: Promise<Response>;
}

declare global {
  /** By URL. */
  var corepoolBegun: Map<string, BegunRead> | undefined;
}

/**
 * The answer to a read that was begun before, for whoever asks the same with the same authorization. Each is given out once.
 * Rejects when `init.signal` aborts. Undefined where nothing of the kind was begun.
 */
export function takeBegun(url: string, init: RequestInit): Promise<Response> | undefined {
  const begun = globalThis.corepoolBegun?.get(url);
  if (begun === undefined || init.method !== "GET") return undefined;
  const authorization = new Headers(init.headers).get("authorization") ?? undefined;
  globalThis.corepoolBegun?.delete(url);
  if (begun.authorization !== authorization) return undefined;
  const { signal } = init;
  if (signal === undefined || signal === null) return begun.response;
  return new Promise((resolve, reject) => {
    const leave = () =>
      reject(signal.reason instanceof Error ? signal.reason : new DOMException("It was aborted.", "AbortError"));
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    begun.response.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
