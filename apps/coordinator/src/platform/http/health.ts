import type { Hono } from "hono";

/** Answers /livez (the process serves) and /readyz (503 with every reason why it should get no requests yet). */
export function bindHealth<E extends object>(app: Hono<E>, notReady: () => Promise<readonly string[]>): void {
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  app.get("/livez", () => new Response('{"status":"live"}', { headers }));
  app.get("/readyz", async () => {
    const reasons = await notReady();
    const body = reasons.length === 0 ? { status: "ready" } : { status: "not-ready", reasons };
    return new Response(JSON.stringify(body), { status: reasons.length === 0 ? 200 : 503, headers });
  });
}
