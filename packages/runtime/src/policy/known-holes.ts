/** Programs that stand between a workload and its host, with the holes known in them. The one place of this list. */

/** A hole that an installed version has. */
export interface Hole {
  readonly cve: string;
  /** The oldest upstream version of the same branch, or of a newer one, that has the fix. */
  readonly fixedIn: string;
  /** As it stands in an offer: `bubblewrap<0.12.0:CVE-2026-87766`. */
  readonly id: string;
}

interface Known {
  readonly cve: string;
  /** First fixed version of each upstream branch that got the fix, oldest first. */
  readonly fixedIn: readonly string[];
  /** First fixed package version by distribution release, where it was backported. */
  readonly packages?: Readonly<Record<string, string>>;
}

const KNOWN: Readonly<Record<string, readonly Known[]>> = {
  bubblewrap: [{ cve: "CVE-2026-87766", fixedIn: ["0.12.0"] }],
  runc: [
    { cve: "CVE-2024-21626", fixedIn: ["1.1.12"], packages: { "debian-12": "1.1.5+ds1-1+deb12u1" } },
    { cve: "CVE-2025-31133", fixedIn: ["1.2.8", "1.3.3", "1.4.0-rc.3"] },
    { cve: "CVE-2025-52565", fixedIn: ["1.2.8", "1.3.3", "1.4.0-rc.3"] },
    { cve: "CVE-2025-52881", fixedIn: ["1.2.8", "1.3.3", "1.4.0-rc.3"] },
  ],
  "nvidia-container-toolkit": [
    { cve: "CVE-2024-0132", fixedIn: ["1.16.2"] },
    { cve: "CVE-2025-23359", fixedIn: ["1.17.4"] },
    { cve: "CVE-2025-23266", fixedIn: ["1.17.8"] },
  ],
};

export type SandboxProgram = "bubblewrap" | "runc" | "nvidia-container-toolkit";

/** What is installed. `packaged`: the distribution's release and the package's version there, which may have backports. */
export interface Installed {
  readonly program: SandboxProgram;
  /** As the program reports it: `0.8.0`, `1.4.0-rc.2`. A version that cannot be read counts as the oldest. */
  readonly version: string;
  readonly packaged?: { readonly release: string; readonly version: string };
}

/** The known holes of an installed program; empty when none is known. */
export function knownHoles({ program, version, packaged }: Installed): Hole[] {
  return (KNOWN[program] ?? []).flatMap(({ cve, fixedIn, packages }) => {
    const backport = packaged === undefined ? undefined : packages?.[packaged.release];
    if (packaged !== undefined && backport !== undefined && comparePackages(packaged.version, backport) >= 0) return [];
    const fix = fixFor(version, fixedIn);
    return fix === undefined ? [] : [{ cve, fixedIn: fix, id: `${program}<${fix}:${cve}` }];
  });
}

/** The version to go to, or undefined when this one has the fix. */
function fixFor(version: string, fixedIn: readonly string[]): string | undefined {
  const own = parse(version);
  const branch = fixedIn.find((fix) => sameBranch(own, parse(fix)));
  if (branch !== undefined) return compare(own, parse(branch)) >= 0 ? undefined : branch;
  // A branch without a fix of its own: newer than every branch that got one, it has it; otherwise go to the next.
  return fixedIn.find((fix) => compare(own, parse(fix)) < 0);
}

/** Major, minor, patch, and the number of a release candidate (a release comes after all of its candidates). */
type Version = readonly [number, number, number, number];

function parse(text: string): Version {
  const [, major = "0", minor = "0", patch = "0", candidate] =
    /(\d+)\.(\d+)(?:\.(\d+))?(?:[-~]?rc\.?(\d+))?/.exec(text) ?? [];
  return [Number(major), Number(minor), Number(patch), candidate === undefined ? Infinity : Number(candidate)];
}

const sameBranch = (a: Version, b: Version) => a[0] === b[0] && a[1] === b[1];

function compare(a: Version, b: Version): number {
  for (let i = 0; i < 4; i++) {
    const [left = 0, right = 0] = [a[i], b[i]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Compares two versions of a Debian package as dpkg does (deb-version(7)): negative, zero or positive. */
export function comparePackages(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  return (
    left.epoch - right.epoch || comparePart(left.upstream, right.upstream) || comparePart(left.revision, right.revision)
  );
}

function split(version: string) {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** Letters before other signs, `~` before everything, even before the end. */
const weight = (sign: string | undefined) => {
  if (sign === "~") return -1;
  if (sign === undefined || /\d/.test(sign)) return 0;
  return /[A-Za-z]/.test(sign) ? sign.charCodeAt(0) : sign.charCodeAt(0) + 256;
};

function comparePart(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/\d/.test(a[i] ?? "")) || (j < b.length && !/\d/.test(b[j] ?? ""))) {
      const difference = weight(a[i]) - weight(b[j]);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const [left, right] = [/^\d*/.exec(a.slice(i))?.[0] ?? "", /^\d*/.exec(b.slice(j))?.[0] ?? ""];
    const difference = Number(left) - Number(right);
    if (difference !== 0) return difference;
    i += left.length;
    j += right.length;
  }
  return 0;
}
