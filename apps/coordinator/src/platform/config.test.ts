import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@corepool/core/errors";
import { describe, expect, it } from "vitest";
import { loadConfig } from "./config.ts";

const LEAST = {
  COREPOOL_DATABASE_URL: "postgresql://user:hunter2@127.0.0.1:5432/corepool",
  COREPOOL_RPC_URL: "http://127.0.0.1:8545, https://rpc.example/secret-token",
  COREPOOL_DEPLOYMENT: "/data/deployment.json",
  COREPOOL_RELAYER_KEY_FILE: "/data/relayer.key",
  COREPOOL_BLOBS: "/data/blobs",
  COREPOOL_PUBLIC_URL: "https://pool.example",
};

describe("settings", () => {
  it("need no more than what has no sensible default", () => {
    const { config } = loadConfig(LEAST);
    expect(config).toMatchObject({
      mode: "all",
      rpcUrls: ["http://127.0.0.1:8545", "https://rpc.example/secret-token"],
      listen: { host: "127.0.0.1", port: 8080 },
      finality: { tag: "finalized" },
      corsOrigins: [],
    });
  });

  it("are parsed", () => {
    const { config } = loadConfig({
      ...LEAST,
      COREPOOL_LISTEN: "[::1]:0",
      COREPOOL_FINALITY: "3:5",
      COREPOOL_MODE: "worker",
      COREPOOL_CORS_ORIGINS: "https://a.example, https://b.example",
    });
    expect(config).toMatchObject({
      listen: { host: "::1", port: 0 },
      finality: { depth: 3, ageSeconds: 5 },
      mode: "worker",
      corsOrigins: ["https://a.example", "https://b.example"],
    });
    expect(loadConfig({ ...LEAST, COREPOOL_FINALITY: "tag" }).config.finality).toEqual({ tag: "finalized" });
  });

  it("are refused all at once, naming each", () => {
    let caught: unknown;
    try {
      loadConfig({
        ...LEAST,
        COREPOOL_MODE: "both",
        COREPOOL_RPC_URL: "ftp://x",
        COREPOOL_LISTEN: "8080",
        COREPOOL_PUBLIC_URL: undefined,
      });
    } catch (error) {
      caught = error;
    }
    expect(codeOf(caught)).toBe("setup-failed");
    for (const name of ["COREPOOL_MODE", "COREPOOL_RPC_URL", "COREPOOL_LISTEN", "COREPOOL_PUBLIC_URL is missing"])
      expect((caught as Error).message).toContain(name);
  });

  it("say where they came from, and keep secrets to themselves", async () => {
    const dir = await mkdtemp(join(tmpdir(), "corepool-config-"));
    const file = join(dir, "config.json");
    await writeFile(file, JSON.stringify({ COREPOOL_MODE: "api", COREPOOL_LOG_LEVEL: "warn" }));
    const { config, sources } = loadConfig({ ...LEAST, COREPOOL_CONFIG: file, COREPOOL_LOG_LEVEL: "debug" });
    expect([config.mode, config.logLevel]).toEqual(["api", "debug"]);
    const from = Object.fromEntries(sources.map((source) => [source.name, source.from]));
    expect(from).toMatchObject({
      COREPOOL_MODE: "file",
      COREPOOL_LOG_LEVEL: "environment",
      COREPOOL_LISTEN: "default",
      COREPOOL_PUBLIC_RPC_URL: "unset",
    });
    expect(JSON.stringify(sources)).not.toMatch(/hunter2|secret-token/);
    await writeFile(file, "{");
    expect(() => loadConfig({ ...LEAST, COREPOOL_CONFIG: file })).toThrow(/settings file/);
    await rm(dir, { recursive: true });
  });
});
