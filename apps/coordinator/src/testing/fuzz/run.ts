import type { Route } from "@corepool/protocol/route";
import { signInWith } from "@corepool/sdk/sign-in";
import pg from "pg";
import { ALL_ROUTES } from "../../openapi/all-routes.ts";
import { type Belongings, goodRequest } from "../belongings.ts";
import { contentOf } from "../content.ts";
import type { CoordinatorProcess } from "../processes.ts";
import { type BadRequest, badRequests, type GoodRequest } from "./bad-requests.ts";
import { offContract } from "./contract.ts";
import { Exchanger, type RawAnswer, type RawRequest } from "./exchange.ts";

/** What a run over routes found. */
export interface Findings {
  /** Requests sent, by operation. */
  readonly sent: ReadonlyMap<string, number>;
  /** A line for everything that is wrong. Empty is good. */
  readonly wrong: readonly string[];
  /** Time to every answer, milliseconds. */
  readonly times: readonly number[];
}

/** No answer to a bad request may take longer, on a busy machine too. */
const SLOWEST_MS = 10_000;

const AT_ONCE = 8;

/**
 * Sends bad requests of every kind to each route and checks every answer against what the route declares, that refused
 * ones left the database as it was, and that the process neither died nor complained. Routes are taken one by one.
 */
export async function fuzzRoutes(options: {
  readonly server: CoordinatorProcess;
  readonly databaseUrl: string;
  readonly own: Belongings;
  readonly perRoute: number;
  readonly seed: number;
  readonly routes?: readonly Route[];
  /** Good requests of routes that only a test has. */
  readonly good?: (route: Route) => Promise<GoodRequest>;
  /** Called before each route: keeps the agent's machine alive. */
  readonly beforeEach?: () => Promise<void>;
}): Promise<Findings> {
  const { server, own, seed } = options;
  const exchanger = new Exchanger(server.url);
  const database = new pg.Pool({ connectionString: options.databaseUrl, max: 2 });
  const sent = new Map<string, number>();
  const wrong: string[] = [];
  const times: number[] = [];
  const good = options.good ?? ((route: Route) => goodRequest(route, own));
  const routes = options.routes ?? ALL_ROUTES;
  try {
    for (const route of routes) {
      await options.beforeEach?.();
      const base = await good(route);
      if (route.body?.safeParse(base.body).success === false)
        wrong.push(`${route.operationId}: the good request is none`);
      const cursor = await cursorOf(exchanger, route, base);
      const bad = badRequests(route, base, { count: options.perRoute, seed, all: routes, cursor });
      sent.set(route.operationId, bad.length);
      const tell = ({ kind, request }: BadRequest, what: string, answer?: RawAnswer) =>
        wrong.push(`${route.operationId}, ${kind}: ${what}\n    ${shown(request)}${inLog(server, answer)}`);
      const send = async (each: BadRequest): Promise<void> => {
        let answer: RawAnswer;
        try {
          answer = await exchanger.send(each.request);
        } catch (error) {
          tell(each, `no answer: ${String(error)}`);
          return;
        }
        times.push(answer.ms);
        const off = offContract(route, each.request, answer);
        if (off !== undefined) tell(each, off, answer);
        if (each.refused && answer.status < 400)
          tell(each, `is taken (${answer.status}): ${answer.body.slice(0, 200)}`);
        if (answer.ms > SLOWEST_MS) tell(each, `is answered after ${answer.ms.toFixed(0)} ms`);
      };

      const before = await contentOf(database);
      await eachOf(
        bad.filter(({ refused }) => refused),
        send,
      );
      const after = await contentOf(database);
      for (const [table, content] of after)
        if (before.get(table) !== content) wrong.push(`${route.operationId}: refused requests changed ${table}`);
      for (const each of bad.filter(({ refused }) => !refused)) {
        await send(route.operationId === "signOut" ? await withSession(own, each) : each);
      }
      if (!server.alive()) {
        wrong.push(`${route.operationId}: the process ended`);
        break;
      }
    }
    wrong.push(...server.crashes().map((line) => `the log has: ${line.slice(0, 500)}`));
  } finally {
    exchanger.end();
    await database.end();
  }
  return { sent, wrong, times };
}

/** The same request in a session of its own, which it may end. */
async function withSession({ client }: Belongings, each: BadRequest): Promise<BadRequest> {
  const { token } = await signInWith(client.market.api, client.market.wallet);
  const headers = each.request.headers.map(
    ([name, value]) => [name, name === "authorization" ? `Bearer ${token}` : value] as const,
  );
  return { ...each, request: { ...each.request, headers } };
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** A cursor that a list made: of its first page of one. */
async function cursorOf(exchanger: Exchanger, route: Route, base: GoodRequest): Promise<string | undefined> {
  if (!route.problems.includes("bad-cursor") || route.response === "text/event-stream") return undefined;
  const headers = [["authorization", `Bearer ${base.token}`] as const];
  const answer = await exchanger.send({ method: "GET", target: `${route.path}?limit=1`, headers });
  return (JSON.parse(answer.body) as { nextCursor: string | null }).nextCursor ?? undefined;
}

function shown({ method, target, headers, body }: RawRequest): string {
  const lines = headers.filter(([name]) => name !== "authorization").map(([name, value]) => `${name}: ${value}`);
  const text = body === undefined ? "" : Buffer.from(body).toString("utf8");
  return `${method} ${target.slice(0, 200)} [${lines.join("; ").slice(0, 200)}] ${text.slice(0, 400)}`;
}

/** What the server's own log says of a failed request. */
function inLog(server: CoordinatorProcess, answer: RawAnswer | undefined): string {
  const id = answer?.headers["x-request-id"];
  const line = id === undefined ? undefined : server.lines.find((each) => each.includes(id));
  return line === undefined ? "" : `\n    ${line.slice(0, 900)}`;
}
