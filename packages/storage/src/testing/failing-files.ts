import files, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

/**
 * How one call to the file system goes wrong. `fails`: nothing was done. `answer-lost`: it was done, and an error came
 * back. `torn`: half of a write was done. The others end the process at that call: before, behind or in the middle of it.
 */
export const FILE_FAULTS = ["fails", "answer-lost", "torn", "dies", "dies-after", "dies-torn"] as const;
export type FileFault = (typeof FILE_FAULTS)[number];

/** The one call that goes wrong, counted from 0, and how. */
export interface FilePlan {
  readonly call: number;
  readonly fault: FileFault;
  readonly code: "EIO" | "ENOSPC";
}

/** What was done in a folder. */
export interface FileRun<T> {
  /** Names of the calls, in order. */
  readonly calls: readonly string[];
  readonly struck: boolean;
  /** Undefined when the process died of the fault. */
  readonly outcome: PromiseSettledResult<T> | undefined;
}

type Method = (...args: unknown[]) => Promise<unknown>;

const BY_PATH = [
  "open",
  "readFile",
  "writeFile",
  "appendFile",
  "rename",
  "rm",
  "unlink",
  "mkdir",
  "readdir",
  "stat",
  "truncate",
] as const;
const BY_HANDLE = [
  "read",
  "write",
  "writeFile",
  "appendFile",
  "sync",
  "datasync",
  "stat",
  "truncate",
  "close",
] as const;
const WRITES: ReadonlySet<string> = new Set([
  "writeFile",
  "appendFile",
  "handle.write",
  "handle.writeFile",
  "handle.appendFile",
]);

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Calls in one folder, counted; one of them goes wrong, and after a death none comes back. */
class Session {
  readonly calls: string[] = [];
  readonly died = Promise.withResolvers<undefined>();
  struck = false;
  #dead = false;
  readonly #handles = new Set<FileHandle>();
  readonly #plan: FilePlan | undefined;

  constructor(plan: FilePlan | undefined) {
    this.#plan = plan;
  }

  async call(name: string, args: unknown[], work: Method): Promise<unknown> {
    if (this.#dead) return never();
    const mine = this.calls.push(name) - 1;
    if (this.#plan?.call !== mine) return work(...args);
    this.struck = true;
    const { fault, code } = this.#plan;
    // Linux lets go of a descriptor whatever its close says.
    if (fault === "answer-lost" || fault === "dies-after" || name === "handle.close") await whole(name, args, work);
    else if (fault === "torn" || fault === "dies-torn") await halfOf(name, args, work);
    if (fault === "fails" || fault === "answer-lost" || fault === "torn") {
      throw Object.assign(new Error(`${code}: planned, ${name}`), { code });
    }
    this.#dead = true;
    this.died.resolve(undefined);
    return never();
  }

  opened(handle: FileHandle): void {
    owners.set(handle, this);
    this.#handles.add(handle);
  }

  /** The system closes what a dead process had open. */
  async bury(): Promise<void> {
    for (const handle of this.#handles) {
      owners.delete(handle);
      await handle.close();
    }
  }
}

async function whole(name: string, args: unknown[], work: Method): Promise<void> {
  const value = await work(...args);
  // Nobody is given the handle, so nobody else closes it.
  if (name === "open") await (value as FileHandle).close();
}

/** Half of a write; nothing of what writes no bytes. */
async function halfOf(name: string, args: unknown[], work: Method): Promise<void> {
  const bytes = args[name.startsWith("handle.") ? 0 : 1];
  if (!WRITES.has(name) || (typeof bytes !== "string" && !(bytes instanceof Uint8Array))) return;
  // `write` says itself how many of the bytes it means.
  if (name === "handle.write") await work(...args.with(2, Number(args[2]) >> 1));
  else await work(...args.with(args.indexOf(bytes), bytes.slice(0, bytes.length >> 1)));
}

/** Whose handles are whose: those of a dead process hang even after others have come. */
const owners = new WeakMap<object, Session>();
let handlesCounted = false;

async function countHandles(): Promise<void> {
  if (handlesCounted) return;
  handlesCounted = true;
  const some = await files.open("/dev/null");
  const prototype = Object.getPrototypeOf(some) as Record<string, Method>;
  await some.close();
  for (const name of BY_HANDLE) {
    const given = prototype[name];
    if (given === undefined) continue;
    prototype[name] = function counted(this: FileHandle, ...args: unknown[]) {
      const owner = owners.get(this);
      const work: Method = (...own) => given.apply(this, own);
      return owner === undefined ? work(...args) : owner.call(`handle.${name}`, args, work);
    };
  }
}

/**
 * Runs `work` while every call of `node:fs/promises` below `folder`, of whoever in this process, is counted, and one of
 * them goes wrong on the real file system. One such run at a time.
 */
export async function withFiles<T>(
  folder: string,
  plan: FilePlan | undefined,
  work: () => Promise<T>,
): Promise<FileRun<T>> {
  await countHandles();
  const session = new Session(plan);
  const table = files as unknown as Record<string, Method>;
  const before = new Map(BY_PATH.map((name) => [name, table[name] as Method]));
  for (const [name, given] of before) {
    table[name] = async (...args) => {
      if (!String(args[0]).startsWith(folder)) return given(...args);
      const value = await session.call(name, args, given);
      if (name === "open") session.opened(value as FileHandle);
      return value;
    };
  }
  syncBuiltinESMExports();
  try {
    const settled = Promise.allSettled([work()]).then(([outcome]) => outcome);
    const outcome = await Promise.race([settled, session.died.promise]);
    if (outcome === undefined) await session.bury();
    return { calls: session.calls, struck: session.struck, outcome };
  } finally {
    for (const [name, given] of before) table[name] = given;
    syncBuiltinESMExports();
  }
}
