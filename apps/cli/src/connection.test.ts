import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@corepool/core/errors";
import { systemClock, systemRandom } from "@corepool/sdk/adapters/system";
import { expect, it } from "vitest";
import { connect } from "./connection.ts";
import { homeOf } from "./home.ts";
import { createOutput } from "./output.ts";

/** A coordinator that takes connections and never answers, and what a reading command says about it. */
async function silence(
  json: boolean,
): Promise<{ readonly hints: string; readonly ms: number; readonly code: unknown }> {
  const home = await mkdtemp(join(tmpdir(), "corepool-silent-"));
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  let hints = "";
  const stderr = { write: (text: string) => (hints += text) } as unknown as NodeJS.WritableStream;
  const env = { COREPOOL_HOME: home };
  const output = createOutput({ json, stdout: process.stdout, stderr, env });
  const options = { url: `http://127.0.0.1:${port}` };
  const context = { home: homeOf(env), env, options, output, clock: systemClock, random: systemRandom };
  const begun = performance.now();
  const error = await connect(context, { anonymous: true, reads: true }).catch((e: unknown) => e);
  const ms = performance.now() - begun;
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true, force: true });
  return { hints, ms, code: codeOf(error) };
}

it("says soon that a coordinator does not answer, and does not wait for it long when it only reads", {
  timeout: 30_000,
}, async () => {
  const [said, quiet] = await Promise.all([silence(false), silence(true)]);
  expect(said.code).toBe("coordinator-unreachable");
  expect(said.ms).toBeLessThan(10_000);
  expect(said.hints.match(/does not answer; trying again/g)).toHaveLength(1);
  expect(quiet.hints).toBe("");
});
