import pg from "pg";

/** How one statement goes wrong: its connection breaks before it, or behind it, when it was done. */
export const QUERY_FAULTS = ["fails", "answer-lost"] as const;
export type QueryFault = (typeof QUERY_FAULTS)[number];

type Query = (this: pg.Client, ...args: unknown[]) => unknown;

/** The driver keeps its connection to itself. */
interface Connected {
  readonly connection: { readonly stream: { destroy(): void } };
  readonly connectionParameters: { readonly application_name?: string };
}

/** Counts the statements of all coordinators in this process, and breaks the connection of one of them. */
export class FailingQueries {
  readonly #given: Query;
  #made = 0;
  #swallowed: string | undefined;
  #plan: { readonly at: number; readonly fault: QueryFault } | undefined;

  constructor() {
    const prototype = pg.Client.prototype as unknown as { query: Query };
    const given = prototype.query;
    this.#given = given;
    const take = (client: pg.Client, args: unknown[]) => this.#take(client, args);
    prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
      return take(this, args);
    };
  }

  /** Statements so far, while one is planned. */
  get made(): number {
    return this.#made;
  }

  /** Whether the planned one has come. */
  get struck(): boolean {
    return this.#plan === undefined;
  }

  /** The statement that is the `k`-th from now on (from 0) goes wrong. */
  plan(k: number, fault: QueryFault): void {
    this.#plan = { at: this.#made + k, fault };
  }

  /** For a control: the next statement that begins like this is not done, and nobody is told. */
  swallow(beginning: string): void {
    this.#swallowed = beginning;
  }

  end(): void {
    (pg.Client.prototype as unknown as { query: Query }).query = this.#given;
  }

  #take(client: pg.Client, args: unknown[]): unknown {
    const { connection, connectionParameters } = client as unknown as Connected;
    const run = () => this.#given.apply(client, args);
    if (connectionParameters.application_name !== "corepool-coordinator") return run();
    const [text] = args;
    if (this.#swallowed !== undefined && typeof text === "string" && text.startsWith(this.#swallowed)) {
      this.#swallowed = undefined;
      return Promise.resolve({ rows: [], rowCount: 1, command: "INSERT" });
    }
    const plan = this.#plan;
    if (plan === undefined || this.#made++ !== plan.at) return run();
    this.#plan = undefined;
    const lost = plan.fault === "answer-lost" && typeof args.at(-1) !== "function";
    if (!lost) connection.stream.destroy();
    const answer = run();
    if (!lost) return answer;
    return Promise.resolve(answer).then(() => {
      connection.stream.destroy();
      throw new Error("Connection terminated unexpectedly");
    });
  }
}
