import { isDeepStrictEqual } from "node:util";
import type { Route } from "@corepool/protocol/route";

/**
 * Throws TypeError when an answer is not what its route declares: a wrong value, or a field that the schema does not
 * know (which might show more than the caller may see). Runs in tests.
 */
export function checkResponse(route: Route, value: unknown): void {
  if (typeof route.response === "string") return;
  const wire: unknown = JSON.parse(JSON.stringify(value) ?? "null");
  const parsed = route.response.safeParse(wire);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new TypeError(
      `${route.operationId} answers off its schema at /${issue?.path.join("/") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  if (!isDeepStrictEqual(parsed.data, wire))
    throw new TypeError(`${route.operationId} answers with fields that its schema does not know`);
}
