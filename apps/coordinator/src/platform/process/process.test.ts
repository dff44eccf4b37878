import { CorepoolError } from "@corepool/core/errors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeApiKeyToken } from "../../accounts/api-key-token.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { systemRandom } from "../adapters/system-random.ts";
import { createLog } from "./log.ts";
import { Shutdown } from "./shutdown.ts";

describe("the shutdown", () => {
  const quiet = createLog("fatal", { write: () => undefined });

  it("ends what was started last first, once, and tells everyone at once that it begins", async () => {
    const order: string[] = [];
    const shutdown = new Shutdown(systemClock, quiet, 1_000);
    for (const name of ["database", "jobs", "http"]) {
      shutdown.add(name, async () => {
        await systemClock.sleep(1);
        order.push(name);
      });
    }
    expect(shutdown.signal.aborted).toBe(false);
    const both = [shutdown.run("test"), shutdown.run("again")];
    expect(shutdown.signal.aborted).toBe(true);
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(order).toEqual(["http", "jobs", "database"]);
  });

  it("leaves a step that hangs at the deadline, goes on after one that fails, and says that it was not clean", async () => {
    const order: string[] = [];
    const shutdown = new Shutdown(systemClock, quiet, 60);
    shutdown.add("first", () => void order.push("first"));
    shutdown.add("hangs", () => new Promise(() => undefined));
    shutdown.add("fails", () => {
      order.push("fails");
      throw new Error("no");
    });
    const started = performance.now();
    expect(await shutdown.run("test")).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(order).toEqual(["fails", "first"]);
  });

  it("says what was still open, and leaves time for what comes after a step that hangs", async () => {
    const lines: string[] = [];
    const shutdown = new Shutdown(systemClock, createLog("info", { write: (line: string) => lines.push(line) }), 400);
    let flushed = false;
    shutdown.add("database", async () => {
      await systemClock.sleep(50);
      flushed = true;
    });
    const requests = ["PUT /v1/blobs/x"];
    shutdown.add(
      "http",
      () => new Promise(() => undefined),
      () => requests,
    );
    expect(await shutdown.run("test")).toBe(false);
    expect(flushed).toBe(true);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ clean: false, open: ["http", "http: PUT /v1/blobs/x"] });
  });
});

describe("the log", () => {
  it("never shows a credential, wherever it stands", () => {
    const token = fc.constantFrom(
      makeApiKeyToken("key_0123456789abcdefghjkmnpqrs", systemRandom),
      `corepool_session_${Buffer.from(systemRandom.bytes(32)).toString("base64url")}`,
      `corepool_agent_${Buffer.from(systemRandom.bytes(32)).toString("base64url")}`,
    );
    const key = fc.constantFrom("token", "detail", "authorization", "url", "message", "x");
    fc.assert(
      fc.property(
        token,
        key,
        fc.string({ maxLength: 20 }),
        fc.integer({ min: 0, max: 4 }),
        (secret, name, around, shape) => {
          const lines: string[] = [];
          const log = createLog("trace", { write: (line: string) => lines.push(line) });
          const text = `${around} ${secret} ${around}`;
          if (shape === 0) log.info({ [name]: text }, "a");
          if (shape === 1) log.warn({ deep: { deeper: { deepest: { [name]: text } } } }, "a");
          if (shape === 2)
            log.error({ err: new Error(text, { cause: new CorepoolError("internal", { detail: text }) }) }, "a");
          if (shape === 3) log.info(text);
          if (shape === 4) log.info({ list: [text, { [name]: [text] }] }, text);
          expect(lines).toHaveLength(1);
          expect(lines.join()).not.toContain(secret.slice(17));
          expect(() => JSON.parse(lines.join()) as unknown).not.toThrow();
        },
      ),
    );
  });

  it("hides the password of a URL and what is named like a secret", () => {
    const lines: string[] = [];
    const log = createLog("info", { write: (line: string) => lines.push(line) });
    log.info({ err: new Error("cannot reach postgresql://corepool:hunter2@127.0.0.1/corepool") }, "a");
    log.info({ request: { authorization: "Basic hunter2", password: "hunter2" }, secret: "hunter2" }, "b");
    expect(lines.join()).not.toContain("hunter2");
    expect(lines.join()).toContain("127.0.0.1");
  });
});
