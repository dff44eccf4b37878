import { posix } from "node:path";
import { lineAt, type Source, type Violation } from "./sources.ts";

/** Who may import whom, as the house has it. A workspace always may import itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "packages/core": [],
  "packages/protocol": ["core"],
  "packages/postgres": ["core"],
  "packages/chain": ["core", "protocol", "contracts"],
  "packages/runtime": ["core", "protocol"],
  "packages/storage": ["core", "protocol"],
  "packages/sdk": ["core", "protocol"],
  "apps/coordinator": ["core", "protocol", "chain", "storage", "postgres", "runtime", "sdk"],
  "apps/agent": ["core", "protocol", "chain", "storage", "runtime", "sdk"],
  "apps/console": ["core", "protocol", "sdk"],
  "apps/cli": ["core", "protocol", "chain", "storage", "postgres", "runtime", "sdk"],
  // The seeded world stands the whole market up, so it may import apps; nothing imports it but the bench of its figures.
  sim: ["core", "protocol", "chain", "sdk", "coordinator", "agent", "contracts"],
};

/** What proves and measures the rest; nothing that is proved or measured imports it. */
const PROVERS: Readonly<Record<string, readonly string[]>> = { sim: ["bench"], e2e: [], bench: [] };

const IMPORT =
  /\b(?:import|export)\s[^"';]*?from\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']/gm;

const isTest = (path: string) => /\.test\.ts$/.test(path) || path.includes("/test/") || path.includes("/testing/");

function workspaceOf(path: string): string | undefined {
  return Object.keys(ALLOWED).find((workspace) => path.startsWith(`${workspace}/`));
}

/** The prover that a specifier names, when the file is in neither it nor what may measure it. */
function proverIn(source: Source, specifier: string): string | undefined {
  const [own = ""] = source.path.split("/");
  const target = specifier.startsWith(".")
    ? posix.normalize(posix.join(posix.dirname(source.path), specifier)).split("/")[0]
    : /^@corepool\/([^/]+)/.exec(specifier)?.[1];
  const allowed = target === undefined ? undefined : PROVERS[target];
  return allowed === undefined || target === own || allowed.includes(own) ? undefined : target;
}

function refuse(source: Source, workspace: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) {
    const target = posix.normalize(posix.join(posix.dirname(source.path), specifier));
    return target.startsWith(`${workspace}/`) ? undefined : `reaches out of ${workspace} to ${target}`;
  }
  const ours = /^@corepool\/([^/]+)/.exec(specifier)?.[1];
  if (ours !== undefined) {
    if (workspace === ours || workspace.endsWith(`/${ours}`) || (ALLOWED[workspace] ?? []).includes(ours))
      return undefined;
    // Tests of an app may stand a real counterpart beside it, but never another app.
    if (isTest(source.path) && Object.keys(ALLOWED).includes(`packages/${ours}`)) return undefined;
    return `${workspace} may not import @corepool/${ours}`;
  }
  if (workspace === "packages/core" && !isTest(source.path)) return `core imports nothing, but imports ${specifier}`;
  return undefined;
}

/** Imports that cross a boundary of the house. */
export function importViolations(sources: readonly Source[]): Violation[] {
  const found: Violation[] = [];
  for (const source of sources) {
    const workspace = workspaceOf(source.path);
    for (const match of source.text.matchAll(IMPORT)) {
      const specifier = match[1] ?? match[2] ?? match[3];
      if (specifier === undefined) continue;
      const prover = proverIn(source, specifier);
      const message =
        prover !== undefined
          ? `nothing imports ${prover}`
          : workspace === undefined
            ? undefined
            : refuse(source, workspace, specifier);
      if (message !== undefined) found.push({ path: source.path, line: lineAt(source.text, match.index), message });
    }
  }
  return found;
}
