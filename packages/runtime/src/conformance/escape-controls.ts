import { readFile } from "node:fs/promises";
import type { Attempt, Control, Excuse } from "./escape-attempts.ts";

/** What one run of the battery saw. */
export interface Outcomes {
  /** Whether a filter of system calls held the battery itself. */
  readonly filtered: boolean;
  /** Whether it could not gain privileges by exec. */
  readonly noNewPrivileges: boolean;
  /** By attempt: 0 when it succeeded, else the errno that blocked it, or minus the signal. */
  readonly codes: ReadonlyMap<string, number>;
}

export interface Verdict {
  readonly attempts: number;
  /** Attempts that succeed inside. */
  readonly open: readonly string[];
  /** Attempts that succeed outside: without the control, there would be an escape. */
  readonly controlled: readonly string[];
  /** Attempts that this host forbids outside too, with the reason as it was checked here. */
  readonly excused: readonly { readonly name: string; readonly reason: string }[];
  /** Attempts that prove nothing here: they fail outside and nothing explains it. */
  readonly vain: readonly string[];
}

/** ENOENT, ENXIO, ENODEV, ENOSYS, E(PROTO|SOCKTYPE|AF)NOSUPPORT, EOPNOTSUPP, and SIGSEGV of a call the kernel lacks. */
const ABSENT = [2, 6, 19, 38, 93, 94, 95, 97, -11];
/** EPERM and EACCES. */
const FORBIDDEN = [1, 13];

export function parseOutcomes(text: string): Outcomes {
  const [held = "", ...lines] = text.trim().split("\n");
  const codes = new Map<string, number>();
  for (const line of lines) {
    const [name = "", , code = ""] = line.split("\t");
    codes.set(name, Number(code));
  }
  return {
    filtered: !/(^|\t)Seccomp:\t0$/.test(held),
    noNewPrivileges: !/^NoNewPrivs:\t0\t/.test(held),
    codes,
  };
}

/** The value of a kernel setting; undefined where the kernel has no such setting. */
export async function readSysctl(name: string): Promise<number | undefined> {
  const text = await readFile(`/proc/sys/${name}`, "utf8").catch(() => undefined);
  return text === undefined ? undefined : Number(text);
}

/**
 * Judges the attempts by what they did inside and what they did where nothing of ours holds them. An attempt that never
 * ran inside counts as open: silence proves nothing.
 */
export async function judge(
  attempts: readonly Attempt[],
  inside: Outcomes,
  outside: Readonly<Record<Control, Outcomes>>,
  setting: (name: string) => Promise<number | undefined> = readSysctl,
): Promise<Verdict> {
  const excuse = async ({ name, controls }: Attempt, kind: Excuse): Promise<string | undefined> => {
    const seen = controls.map((control) => outside[control].codes.get(name) ?? 255);
    // A filter outside, as in some container, would answer in the kernel's place.
    if (controls.some((control) => outside[control].filtered)) return undefined;
    const [code = 255] = seen;
    if (kind === "kernel")
      return ABSENT.includes(code) ? `this kernel or machine does not have it (${code})` : undefined;
    if (kind === "no-new-privs")
      return outside.user.noNewPrivileges ? "the agent itself cannot gain privileges by exec" : undefined;
    if (!seen.every((each) => FORBIDDEN.includes(each))) return undefined;
    if (kind === "capability") return "the kernel asks for a capability over the whole host";
    const value = await setting(kind.sysctl);
    return value !== undefined && value >= kind.atLeast ? `${kind.sysctl} is ${value}` : undefined;
  };
  const controlled: string[] = [];
  const excused: { name: string; reason: string }[] = [];
  const vain: string[] = [];
  for (const attempt of attempts) {
    const { name } = attempt;
    if (attempt.controls.some((control) => outside[control].codes.get(name) === 0)) {
      controlled.push(name);
      continue;
    }
    const reasons = await Promise.all(attempt.excuses.map((kind) => excuse(attempt, kind)));
    const reason = reasons.find((text) => text !== undefined);
    if (reason === undefined)
      vain.push(`${name} (${attempt.controls.map((c) => outside[c].codes.get(name) ?? "never ran").join(", ")})`);
    else excused.push({ name, reason });
  }
  const open = attempts.filter(({ name }) => (inside.codes.get(name) ?? 0) === 0).map(({ name }) => name);
  return { attempts: attempts.length, open, controlled, excused, vain };
}
