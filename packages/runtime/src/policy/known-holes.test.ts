import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { comparePackages, type Installed, knownHoles } from "./known-holes.ts";

const cves = (installed: Installed) => knownHoles(installed).map(({ cve }) => cve);

describe("known holes", () => {
  it.each([
    ["0.8.0", ["CVE-2026-87766"]],
    ["0.11.9", ["CVE-2026-87766"]],
    ["0.12.0", []],
    ["0.12.1", []],
    ["1.0.0", []],
    ["", ["CVE-2026-87766"]],
    ["nonsense", ["CVE-2026-87766"]],
  ])("of bubblewrap %s", (version, expected) => {
    expect(cves({ program: "bubblewrap", version })).toEqual(expected);
  });

  const BREAKOUTS = ["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"];
  it.each([
    ["1.1.5", ["CVE-2024-21626", ...BREAKOUTS]],
    ["1.1.12", BREAKOUTS],
    ["1.1.15", BREAKOUTS],
    ["1.2.7", BREAKOUTS],
    ["1.2.8", []],
    ["1.2.10", []],
    ["1.3.2", BREAKOUTS],
    ["1.3.3", []],
    ["1.4.0-rc.2", BREAKOUTS],
    ["1.4.0-rc.3", []],
    ["1.4.0", []],
    ["2.0.0", []],
  ])("of runc %s", (version, expected) => {
    expect(cves({ program: "runc", version })).toEqual(expected);
  });

  it("of the toolkit for NVIDIA's containers", () => {
    const of = (version: string) => cves({ program: "nvidia-container-toolkit", version });
    expect(of("1.16.1")).toEqual(["CVE-2024-0132", "CVE-2025-23359", "CVE-2025-23266"]);
    expect(of("1.17.3")).toEqual(["CVE-2025-23359", "CVE-2025-23266"]);
    expect(of("1.17.8")).toEqual([]);
  });

  it("count what a distribution has put into an older version, and only its own release", () => {
    const runc = (release: string, version: string) =>
      cves({ program: "runc", version: "1.1.5", packaged: { release, version } });
    expect(runc("debian-12", "1.1.5+ds1-1+deb12u1")).toEqual(BREAKOUTS);
    expect(runc("debian-12", "1.1.5+ds1-1+deb12u2")).toEqual(BREAKOUTS);
    expect(runc("debian-12", "1.1.5+ds1-1+b1")).toContain("CVE-2024-21626");
    expect(runc("debian-13", "1.1.5+ds1-1+deb12u1")).toContain("CVE-2024-21626");
  });

  it("say which version to go to, in the branch at hand where there is one", () => {
    const fix = (version: string) => knownHoles({ program: "runc", version }).at(-1)?.id;
    expect(fix("1.1.5")).toBe("runc<1.2.8:CVE-2025-52881");
    expect(fix("1.3.1")).toBe("runc<1.3.3:CVE-2025-52881");
  });
});

describe("versions of packages", () => {
  const PAIRS = [
    ["1.0", "1.0"],
    ["1.0", "1.0-1"],
    ["1.0~rc1", "1.0"],
    ["1.0+ds1-1", "1.0-1"],
    ["1.10", "1.9"],
    ["1:0.1", "9.0"],
    ["1.1.5+ds1-1+deb12u1", "1.1.5+ds1-1+b4"],
    ["1.1.5+ds1-1+deb12u10", "1.1.5+ds1-1+deb12u9"],
    ["0.8.0-2+deb12u1", "0.8.0-2"],
    ["2.0~", "2.0~~"],
    ["1.a", "1.+"],
    ["1.001", "1.1"],
  ] as const;

  it("compare in both directions as they should", () => {
    for (const [a, b] of PAIRS)
      expect(Math.sign(comparePackages(a, b)), `${a} ${b}`).toBe(-Math.sign(comparePackages(b, a)) + 0);
    expect(comparePackages("1.0~rc1", "1.0")).toBeLessThan(0);
    expect(comparePackages("1.1.5+ds1-1+deb12u10", "1.1.5+ds1-1+deb12u9")).toBeGreaterThan(0);
  });

  it.runIf(existsSync("/usr/bin/dpkg"))("compare as dpkg compares them", () => {
    for (const [a, b] of PAIRS) {
      const holds = (relation: string): boolean => {
        try {
          execFileSync("dpkg", ["--compare-versions", a, relation, b]);
          return true;
        } catch {
          return false;
        }
      };
      const expected = holds("lt") ? -1 : holds("gt") ? 1 : 0;
      expect(Math.sign(comparePackages(a, b)), `${a} ${b}`).toBe(expected);
    }
  });
});
