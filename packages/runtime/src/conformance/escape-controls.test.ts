import { expect, test } from "vitest";
import { syscallNumbers } from "../policy/syscalls.ts";
import { type Attempt, attemptsOn, type Excuse } from "./escape-attempts.ts";
import { judge, type Outcomes, parseOutcomes } from "./escape-controls.ts";

const tried = (codes: Readonly<Record<string, number>>, filtered = false, noNewPrivileges = false): Outcomes => ({
  filtered,
  noNewPrivileges,
  codes: new Map(Object.entries(codes)),
});
const one = (controls: Attempt["controls"], ...excuses: Excuse[]): Attempt[] => [
  { name: "it", expression: "True", controls, excuses },
];
const settings = (values: Readonly<Record<string, number>>) => (name: string) => Promise.resolve(values[name]);

test("an attempt that succeeds inside is open, and so is one that never ran there", async () => {
  const outside = { user: tried({ it: 0 }), namespace: tried({}) };
  expect(await judge(one(["user"]), tried({ it: 0 }), outside)).toMatchObject({ open: ["it"], controlled: ["it"] });
  expect(await judge(one(["user"]), tried({}), outside)).toMatchObject({ open: ["it"] });
  expect(await judge(one(["user"]), tried({ it: 1 }), outside)).toMatchObject({ open: [], vain: [] });
});

test("an attempt that fails outside needs a declared reason that holds on this host", async () => {
  const inside = tried({ it: 1 });
  const outcome = async (attempts: Attempt[], user: Outcomes, namespace = tried({ it: 1 }), values = {}) => {
    const { controlled, excused, vain } = await judge(attempts, inside, { user, namespace }, settings(values));
    return controlled.length > 0 ? "controlled" : (excused[0]?.reason ?? vain[0]);
  };
  // Nothing declared; a reason that does not fit the error; an attempt that never ran.
  expect(await outcome(one(["user"]), tried({ it: 1 }))).toBe("it (1)");
  expect(await outcome(one(["user"], "kernel"), tried({ it: 1 }))).toBe("it (1)");
  expect(await outcome(one(["user"], "capability"), tried({ it: 22 }))).toBe("it (22)");
  expect(await outcome(one(["user"], "kernel", "capability"), tried({}))).toBe("it (never ran)");
  // What a namespace of one's own allows is no privilege over the host.
  expect(await outcome(one(["user", "namespace"], "capability"), tried({ it: 1 }), tried({ it: 0 }))).toBe(
    "controlled",
  );
  expect(await outcome(one(["user", "namespace"], "capability"), tried({ it: 1 }), tried({ it: 38 }))).toBe(
    "it (1, 38)",
  );
  expect(await outcome(one(["user", "namespace"], "capability"), tried({ it: 1 }))).toMatch(/capability/);
  // A filter outside answers in the kernel's place.
  expect(await outcome(one(["user"], "kernel"), tried({ it: 38 }, true))).toBe("it (38)");
  expect(await outcome(one(["user"], "kernel"), tried({ it: 38 }))).toMatch(/does not have it/);
  expect(await outcome(one(["user"], "no-new-privs"), tried({ it: 255 }))).toBe("it (255)");
  expect(await outcome(one(["user"], "no-new-privs"), tried({ it: 255 }, false, true))).toMatch(/by exec/);
  const setting: Excuse = { sysctl: "kernel/x", atLeast: 2 };
  expect(await outcome(one(["user"], setting), tried({ it: 1 }), undefined, { "kernel/x": 1 })).toBe("it (1)");
  expect(await outcome(one(["user"], setting), tried({ it: 1 }), undefined, { "kernel/x": 2 })).toBe("kernel/x is 2");
});

test("reads what the battery prints", () => {
  const { filtered, noNewPrivileges, codes } = parseOutcomes(
    "NoNewPrivs:\t0\tSeccomp:\t0\na b\topen\t0\nc\tblocked\t13\nd\tblocked\t-9\n",
  );
  expect([filtered, noNewPrivileges, [...codes]]).toEqual([
    false,
    false,
    [
      ["a b", 0],
      ["c", 13],
      ["d", -9],
    ],
  ]);
  expect(parseOutcomes("NoNewPrivs:\t1\tSeccomp:\t2\n")).toMatchObject({ filtered: true, noNewPrivileges: true });
});

test.each(["x64", "arm64"] as const)(
  "no two attempts on %s share a name, and only namespaces add a control",
  (architecture) => {
    const attempts = attemptsOn(architecture, new Set(syscallNumbers(architecture).keys()));
    expect(new Set(attempts.map(({ name }) => name)).size).toBe(attempts.length);
    expect(attempts.length).toBeGreaterThan(200);
    for (const { name, controls } of attempts) expect([name, controls[0]]).toEqual([name, "user"]);
  },
);
