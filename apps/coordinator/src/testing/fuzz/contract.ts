import { isProblemCode, PROBLEMS, type ProblemCode } from "@corepool/protocol/problems";
import type { Route } from "@corepool/protocol/route";
import { problemsOf } from "../../openapi/document.ts";
import { checkResponse } from "../../platform/http/check-response.ts";
import type { RawAnswer, RawRequest } from "./exchange.ts";

/** Refusals that come before a route is chosen: any path and method may get them. */
const BEFORE_ROUTES: readonly ProblemCode[] = [
  "method-not-allowed",
  "not-found",
  "bad-request",
  "headers-too-large",
  "request-timeout",
];

const PROBLEM_MEMBERS = ["type", "title", "status", "detail", "instance", "code", "requestId", "retryable"];

/** What no answer may show: stacks, SQL, paths of the host. */
const INSIDES =
  /\bat [\w.<>]+ \(|\.ts:\d+|node_modules|node:internal|\b(select|insert into|update) .* (from|values|set) /i;

/**
 * What is wrong with an answer, or undefined: every one must be what its route declares, or a problem of the catalogue
 * that the route (or the frame before it) may answer with. A failure of ours (5xx) is always wrong.
 */
export function offContract(route: Route, request: RawRequest, answer: RawAnswer): string | undefined {
  const { status, headers, body } = answer;
  if (status >= 500) return `answers ${status}: ${body.slice(0, 300)}`;
  if (headers["x-content-type-options"] !== "nosniff" || headers["cache-control"] === undefined)
    return "lacks the headers that all answers carry";
  if (headers["x-request-id"] === undefined) return "lacks x-request-id";
  if (INSIDES.test(body) && status >= 400) return `shows its insides: ${body.slice(0, 300)}`;
  if (request.method === "HEAD") return body === "" ? undefined : "answers HEAD with a body";
  if (status === 204 && request.method === "OPTIONS") return undefined;
  return status >= 400 ? offProblem(route, answer) : offSuccess(route, answer);
}

function offProblem(route: Route, { status, headers, body }: RawAnswer): string | undefined {
  if (headers["content-type"] !== "application/problem+json") return `answers ${status} as ${headers["content-type"]}`;
  let problem: Record<string, unknown>;
  try {
    problem = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return "answers with a problem that is no JSON";
  }
  const lacking = PROBLEM_MEMBERS.filter((member) => problem[member] === undefined);
  if (lacking.length > 0) return `answers with a problem without ${lacking.join(", ")}`;
  const code = String(problem["code"]);
  if (!isProblemCode(code)) return `answers with the unknown problem ${code}`;
  if (PROBLEMS[code].status !== status || problem["status"] !== status) return `answers ${code} with status ${status}`;
  if (problem["requestId"] !== headers["x-request-id"]) return "answers with two request ids";
  if (problemsOf(route).includes(code) || BEFORE_ROUTES.includes(code)) return undefined;
  return `answers ${code}, which it does not declare: ${String(problem["detail"])}`;
}

function offSuccess(route: Route, { status, headers, body }: RawAnswer): string | undefined {
  if (status !== route.status && route.alsoStatus?.includes(status) !== true)
    return `answers ${status}, which it does not declare`;
  const type = headers["content-type"]?.split(";")[0];
  if (route.response === "none") return body === "" ? undefined : "answers with a body where none is declared";
  if (typeof route.response === "string")
    return type === route.response ? undefined : `answers as ${type}, which it does not declare`;
  if (type !== "application/json") return `answers as ${type}, which it does not declare`;
  try {
    checkResponse(route, JSON.parse(body));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
