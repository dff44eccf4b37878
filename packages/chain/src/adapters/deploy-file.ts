import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import { http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { DeploymentRecord } from "../deploy/record.ts";
import { type DeployRun, deploy } from "../deploy.ts";
import { systemClock } from "./system-clock.ts";

export interface DeployToRpc {
  readonly rpcUrl: string;
  readonly privateKey: Hex;
  /** Path of the deployment record: read if it is there, written as the plan runs. */
  readonly recordPath: string;
  readonly options: DeployRun["options"];
  readonly pollMs?: number;
}

/** Runs the deploy plan against a node, with its record in a file. See `deploy` for what it throws. */
export async function deployToRpc(input: DeployToRpc): Promise<DeploymentRecord> {
  return deploy({
    transport: http(input.rpcUrl),
    account: privateKeyToAccount(input.privateKey),
    options: input.options,
    record: readRecord(input.recordPath),
    clock: systemClock,
    save: async (record) => writeRecord(input.recordPath, record),
    ...(input.pollMs === undefined ? {} : { pollMs: input.pollMs }),
  });
}

/**
 * The record in a file; undefined when there is no file.
 * @throws CorepoolError `deployment-mismatch` when the file is not a deployment record
 */
export function readRecord(path: string): DeploymentRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (e) {
    if (e instanceof Error && "code" in e && e.code === "ENOENT") return undefined;
    throw e;
  }
  try {
    const record = JSON.parse(text) as DeploymentRecord;
    if (record.version === 1 && Array.isArray(record.steps)) return record;
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
  }
  throw new CorepoolError("deployment-mismatch", {
    detail: `${path} is not a deployment record of this version.`,
    next: "Restore it from a copy, or remove it to deploy anew.",
  });
}

/** Replaces the file in one step, so that a crash leaves the old record or the new one. */
function writeRecord(path: string, record: DeploymentRecord): void {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.new`;
  const fd = openSync(fresh, "w", 0o644);
  try {
    writeSync(fd, `${JSON.stringify(record, undefined, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, path);
}
