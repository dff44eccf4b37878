import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assemble, type Instruction, OP } from "./bpf.ts";
import { DENIED, seccompFilter, seccompProgram } from "./seccomp.ts";
import { type Architecture, syscallNumbers } from "./syscalls.ts";

const [ALLOW, KILL, EPERM, ENOSYS] = [0x7fff0000, 0x80000000, 0x50001, 0x50026];
const [EPROTONOSUPPORT, EAFNOSUPPORT] = [0x5005d, 0x50061];
const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** Runs a program on seccomp_data as the kernel does; a jump out of it or a read outside the data fails. */
function interpret(program: readonly Instruction[], data: Uint8Array): number {
  const view = new DataView(data.buffer);
  let accumulator = 0;
  for (let at = 0, steps = 0; steps < 5000; steps++) {
    const { code, jt, jf, k } = program[at] ?? expect.unreachable(`jumped to ${at}`);
    if (code === OP.return) return k;
    if (code === OP.load) accumulator = view.getUint32(k, true);
    const holds =
      code === OP.jumpEqual ? accumulator === k : code === OP.jumpAtLeast ? accumulator >= k : (accumulator & k) !== 0;
    at += 1 + (code === OP.load ? 0 : code === OP.jump ? k : holds ? jt : jf);
  }
  return expect.unreachable("it does not end");
}

const PROGRAMS = { x64: seccompProgram("x64"), arm64: seccompProgram("arm64") };

function decide(
  architecture: Architecture,
  number: number,
  args: readonly bigint[] = [],
  audit = AUDIT[architecture],
): number {
  const data = new Uint8Array(64);
  const view = new DataView(data.buffer);
  view.setUint32(0, number, true);
  view.setUint32(4, audit, true);
  for (const [i, value] of args.entries()) view.setBigUint64(16 + 8 * i, value, true);
  return interpret(PROGRAMS[architecture], data);
}

/** What the policy says, in the plainest words and without the program. */
function expected(name: string | undefined, args: readonly bigint[]): number {
  const low = args.map((value) => Number(value & 0xffffffffn));
  const [first = 0, second = 0, third = 0] = low;
  if (name === undefined || name === "clone3") return ENOSYS;
  if (name === "clone") return (first & 0x7e020000) === 0 ? ALLOW : EPERM;
  if (name === "socket" && [2, 10].includes(first)) return [0, 6, 17].includes(third) ? ALLOW : EPROTONOSUPPORT;
  if (name === "socket" || name === "socketpair") return [1, 2, 10].includes(first) ? ALLOW : EAFNOSUPPORT;
  if (/^(prlimit64|sched_set(affinity|attr|param|scheduler))$/.test(name)) return first === 1 ? EPERM : ALLOW;
  if (name === "setpriority") return first === 0 && second !== 1 ? ALLOW : EPERM;
  if (name === "ioprio_set") return first === 1 && second !== 1 ? ALLOW : EPERM;
  if (name === "ioctl") return [0x5412, 0x541c].includes(second) ? EPERM : ALLOW;
  if (name === "personality") return [0, 0xffffffff].includes(first) ? ALLOW : EPERM;
  return Object.values(DENIED).flat().includes(name) ? EPERM : ALLOW;
}

describe.each(["x64", "arm64"] as const)("the seccomp program for %s", (architecture) => {
  const numbers = syscallNumbers(architecture);
  const names = new Map([...numbers].map(([name, number]) => [number, name]));
  const argument = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(
      0n,
      1n,
      2n,
      3n,
      6n,
      10n,
      16n,
      40n,
      132n,
      0x5412n,
      0x100005412n,
      0x541cn,
      0x10000000n,
      0xffffffffn,
      17n,
    ),
  );

  test("decides every call as the policy says, whatever its arguments", () => {
    for (const [name, number] of numbers)
      expect([name, decide(architecture, number)]).toEqual([name, expected(name, [0n, 0n])]);
    const small = fc.array(fc.constantFrom(0n, 1n, 2n, 3n, 6n, 10n, 2n ** 32n + 1n), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...numbers.entries()), small, ([name, number], args) => {
        expect(decide(architecture, number, args)).toBe(expected(name, args));
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...numbers.values()), fc.nat(600), fc.nat(0xffffffff)),
        fc.array(argument, { minLength: 6, maxLength: 6 }),
        (number, args) => {
          expect(decide(architecture, number, args)).toBe(expected(names.get(number), args));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("kills calls of any other architecture and knows no x32", () => {
    for (const audit of [0x40000003, 0x40000028, architecture === "x64" ? AUDIT.arm64 : AUDIT.x64, 0])
      expect(decide(architecture, 1, [], audit)).toBe(KILL);
    for (const number of [0x40000000, 0x40000000 + 39, 0xffffffff]) expect(decide(architecture, number)).toBe(ENOSYS);
  });

  test("refuses each namespace flag of clone by itself, and threads need none", () => {
    const clone = numbers.get("clone") ?? expect.unreachable();
    for (const bit of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
      expect(decide(architecture, clone, [BigInt(bit | 17)])).toBe(EPERM);
    expect(decide(architecture, clone, [0x3d0f00n])).toBe(ALLOW);
  });

  test("names no call that this table does not know", () => {
    const everywhere = new Set([...syscallNumbers("x64").keys(), ...syscallNumbers("arm64").keys()]);
    expect(
      Object.values(DENIED)
        .flat()
        .filter((name) => !everywhere.has(name)),
    ).toEqual([]);
  });

  test("assembles into eight bytes an instruction", () => {
    const program = seccompProgram(architecture);
    const bytes = seccompFilter(architecture);
    expect(bytes.length).toBe(program.length * 8);
    expect([...bytes.subarray(0, 8)]).toEqual([0x20, 0, 0, 0, 4, 0, 0, 0]);
    expect(program.length).toBeLessThan(256);
    expect(() => assemble(Array.from({ length: 4097 }, () => program[0] ?? expect.unreachable()))).toThrow(RangeError);
  });
});
