import type { Hono } from "hono";
import { secure } from "./response-headers.ts";

/** Answers /livez (the process serves) and /readyz (503 with every reason why it should get no requests yet). */
export function bindHealth<E extends object>(
  app: Hono<E>,
  parts: { readonly notReady: () => Promise<readonly string[]>; readonly https: boolean },
): void {
  const answer = (body: object, status = 200): Response => {
    const response = new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
    secure(response.headers, parts.https);
    return response;
  };
  app.get("/livez", () => answer({ status: "live" }));
  app.get("/readyz", async () => {
    const reasons = await parts.notReady();
    return reasons.length === 0 ? answer({ status: "ready" }) : answer({ status: "not-ready", reasons }, 503);
  });
}
