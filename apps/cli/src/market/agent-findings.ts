import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIXED, inspectHost } from "@corepool/runtime/adapters/bubblewrap/capabilities";
import { bubblewrapVersion, findBubblewrap, olderThan } from "@corepool/runtime/adapters/bubblewrap/host";
import { ordinaryPreparation } from "@corepool/runtime/adapters/bubblewrap/ordinary";
import { preparation } from "@corepool/runtime/adapters/bubblewrap/preparation";
import { readJson } from "../files.ts";
import type { Home } from "../home.ts";
import { hostFolder } from "./agent-state.ts";
import type { Finding } from "./preflight.ts";

const weak = (line: string, fatal = false): Finding => ({ what: "sandbox", level: fatal ? "bad" : "weak", line });

async function ofOrdinaryUser(): Promise<readonly Finding[]> {
  const stateDirectory = await mkdtemp(join(tmpdir(), "corepool-doctor-"));
  try {
    const found = await inspectHost(await ordinaryPreparation({ stateDirectory, slots: 1 }));
    return found.missing.map((lack) => weak(lack.line, lack.fatal));
  } finally {
    await rm(stateDirectory, { recursive: true, force: true });
  }
}

async function ofRoot(home: Home): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const bubblewrap = await findBubblewrap();
  const version = bubblewrap === null ? undefined : await bubblewrapVersion(bubblewrap);
  if (version !== undefined && olderThan(version, FIXED))
    found.push(
      weak(`bubblewrap ${version} lacks the fix for CVE-2026-87766 (in ${FIXED}); offers from this machine say so`),
    );
  const folder = await hostFolder(home.agent);
  const prepared =
    folder === undefined ? undefined : preparation.safeParse(await readJson(join(folder, "preparation.json"))).data;
  if (prepared === undefined) found.push(weak("limits are known once the agent has run here as root: corepool up"));
  for (const lack of prepared?.missing ?? []) found.push(weak(lack.line, lack.fatal));
  return found;
}

/** What the sandbox of an agent on this machine lacks, one line each. */
export function agentFindings(home: Home): Promise<readonly Finding[]> {
  return process.getuid?.() === 0 ? ofRoot(home) : ofOrdinaryUser();
}
