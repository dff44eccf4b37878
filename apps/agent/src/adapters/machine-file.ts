import { access, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Address, Hex } from "@corepool/core/hex";
import { machineId } from "@corepool/protocol/eip712";
import type { Log } from "../ports.ts";
import { secretFile } from "./secrets.ts";
import { systemRandom } from "./system.ts";

/**
 * The machine that an agent's folder is: an id made of its provider and a salt that is drawn once and kept in
 * `machine.salt`. A folder of before ids were made of their provider goes on: what was its id becomes the salt, and the
 * machine, now under another id, registers and offers anew.
 */
export async function machineOf(
  dir: string,
  provider: Address,
  log: Log,
): Promise<{ readonly machine: Hex; readonly salt: Hex }> {
  const path = join(dir, "machine.salt");
  const before = join(dir, "machine.id");
  const missing = await access(path).then(
    () => false,
    () => true,
  );
  const moved = missing
    ? await rename(before, path).then(
        () => true,
        () => false,
      )
    : false;
  const salt = await secretFile(path, "the machine's salt", systemRandom);
  const machine = machineId(provider, salt);
  if (moved) {
    const line = "This folder was made before a machine's id named its provider; the machine has a new id from now on.";
    log.warn("machine.renamed", { line, before: salt, machine });
  }
  return { machine, salt };
}
