import { afterEach, describe, expect, it } from "vitest";
import { takeBegun } from "./begun.ts";

const url = "http://localhost/v1/market";
const answer = () => Promise.resolve(new Response("{}"));
const begin = (authorization?: string, response = answer()) => {
  globalThis.corepoolBegun = new Map([[url, { authorization, response }]]);
};

describe("a read that was begun before", () => {
  afterEach(() => {
    globalThis.corepoolBegun = undefined;
  });

  it("is given out once, to whoever asks the same", async () => {
    begin();
    expect(takeBegun(`${url}?more`, { method: "GET" })).toBeUndefined();
    expect(takeBegun(url, { method: "POST" })).toBeUndefined();
    expect((await takeBegun(url, { method: "GET" }))?.status).toBe(200);
    expect(takeBegun(url, { method: "GET" })).toBeUndefined();
  });

  it("goes to nobody with another authorization", () => {
    begin("Bearer a");
    expect(takeBegun(url, { method: "GET", headers: { authorization: "Bearer b" } })).toBeUndefined();
    begin("Bearer a");
    expect(takeBegun(url, { method: "GET" })).toBeUndefined();
    begin("Bearer a");
    expect(takeBegun(url, { method: "GET", headers: { authorization: "Bearer a" } })).toBeDefined();
  });

  it("is let go of when whoever asked gives up, and fails as it failed", async () => {
    begin(undefined, new Promise(() => undefined));
    const leave = new AbortController();
    const waiting = takeBegun(url, { method: "GET", signal: leave.signal });
    leave.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    begin(undefined, Promise.reject(new TypeError("no network")));
    await expect(takeBegun(url, { method: "GET", signal: new AbortController().signal })).rejects.toThrow("no network");
  });
});
