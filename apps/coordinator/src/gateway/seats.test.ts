import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { CLOSE } from "@corepool/protocol/agent";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { until } from "../testing/market.ts";
import { networkOf, type SeatLimits, Seats } from "./seats.ts";
import { createUpgrade } from "./socket.adapter.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A real server whose connections say who they are when told to; their first message is `provider machine`. */
async function gate(limits: SeatLimits) {
  const seats = new Seats(limits);
  const upgrade = createUpgrade(seats, async (connection, seat) => {
    for await (const said of connection.messages) {
      const [provider = "", machine = ""] = said.split(" ");
      const admitted = seat.admit(provider, machine);
      if (admitted === "admitted") await connection.send("welcome");
      else connection.close(CLOSE.tooMany, `too many machines of the ${admitted}`);
    }
  });
  const server = createServer();
  const peers: string[] = [];
  server.on("upgrade", (request, socket, head) => {
    peers.push(request.socket.remoteAddress ?? "");
    if (!upgrade(request, socket, head)) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/agent`;
  opened.push(() => server.close());
  /** Resolves with the open socket, or with how it was closed. */
  const dial = async (hello?: string, localAddress = "127.0.0.1") => {
    const socket = new WebSocket(url, { localAddress });
    opened.push(() => socket.terminate());
    const closed = new Promise<{ code: number; reason: string }>((resolve) =>
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("open", resolve));
    if (hello === undefined) {
      // Whoever is refused is refused at once.
      const first = await Promise.race([closed, wait(300, undefined)]);
      return { socket, closed, refused: first };
    }
    socket.send(hello);
    const welcome = new Promise<undefined>((resolve) => socket.once("message", () => resolve(undefined)));
    return { socket, closed, refused: await Promise.race([closed, welcome]) };
  };
  return { seats, dial, url, peers };
}

const MANY = { connections: 1000, waitingPerAddress: 1000, machinesPerAddress: 1000, machinesPerProvider: 1000 };

describe("the sockets of agents", () => {
  it("are bounded per process, and a seat that is left is taken again", async () => {
    const { dial, seats } = await gate({ ...MANY, connections: 3 });
    const first = await Promise.all([dial("a 1"), dial("a 2"), dial()]);
    for (const { refused } of first) expect(refused).toBeUndefined();
    expect((await dial("b 1")).refused).toMatchObject({ code: CLOSE.tooMany });
    expect((await dial("b 1")).refused?.reason).toContain("as many agents");
    first[0]?.socket.close();
    await until(() => (seats.held.taken < 3 ? true : undefined));
    expect((await dial("b 1")).refused).toBeUndefined();
  });

  it("are bounded per address until they have said hello", async () => {
    const { dial } = await gate({ ...MANY, waitingPerAddress: 2 });
    const silent = await Promise.all([dial(), dial()]);
    expect((await dial()).refused).toMatchObject({ code: CLOSE.tooMany });
    expect((await dial()).refused?.reason).toContain("hello");
    silent[0]?.socket.send("a 1");
    await new Promise((resolve) => silent[0]?.socket.once("message", resolve));
    expect((await dial("a 2")).refused).toBeUndefined();
    expect((await dial("a 3")).refused).toBeUndefined();
  });

  it("are bounded per provider; a machine that comes back replaces itself", async () => {
    const { dial, seats } = await gate({ ...MANY, machinesPerProvider: 2 });
    const machines = [await dial("a 1"), await dial("a 2")];
    expect((await dial("a 3")).refused).toMatchObject({ code: CLOSE.tooMany });
    expect((await dial("b 3")).refused).toBeUndefined();
    const again = await dial("a 1");
    expect(again.refused).toBeUndefined();
    // The older connection's end does not free the place of the newer one.
    machines[0]?.socket.close();
    await until(() => (seats.held.taken === 3 ? true : undefined));
    expect((await dial("a 3")).refused).toMatchObject({ code: CLOSE.tooMany });
    again.socket.close();
    await until(() => (seats.held.taken === 2 ? true : undefined));
    expect((await dial("a 3")).refused).toBeUndefined();
  });

  it("are bounded per address once they have said hello, under however many keys", async () => {
    const { dial, seats, peers } = await gate({ ...MANY, connections: 6, machinesPerAddress: 3 });
    const machines = [await dial("a 1"), await dial("b 1"), await dial("c 1")];
    for (const { refused } of machines) expect(refused).toBeUndefined();
    expect((await dial("d 1")).refused).toMatchObject({
      code: CLOSE.tooMany,
      reason: "too many machines of the address",
    });
    // Seats are left for others.
    const elsewhere = await dial("d 1", "127.0.0.2");
    expect(elsewhere.refused).toBeUndefined();
    expect(peers.at(-1)).toBe("127.0.0.2");
    // A machine that comes back replaces itself; its older connection's end frees no place.
    const again = await dial("a 1");
    expect(again.refused).toBeUndefined();
    machines[0]?.socket.close();
    await until(() => (seats.held.taken === 4 ? true : undefined));
    expect((await dial("e 1")).refused).toMatchObject({ code: CLOSE.tooMany });
    again.socket.close();
    await until(() => (seats.held.taken === 3 ? true : undefined));
    expect((await dial("e 1")).refused).toBeUndefined();
    expect((await dial("f 1")).refused).toMatchObject({ code: CLOSE.tooMany });
  });

  it("leave nothing behind", async () => {
    const { dial, seats, url } = await gate({ ...MANY, connections: 5 });
    const all = await Promise.all(["a 1", "a 2", "b 1", undefined, "b 2", "c 1", "c 2"].map((hello) => dial(hello)));
    expect(seats.held.taken).toBe(5);
    for (const { socket } of all) socket.terminate();
    // A handshake without a key fails before there is a connection.
    const bad = connect(Number(new URL(url).port), "127.0.0.1");
    bad.write("GET /v1/agent HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    const answer = await new Promise<string>((resolve) => bad.once("data", (data) => resolve(data.toString())));
    expect(answer).toContain("400");
    await until(() => (seats.held.taken === 0 ? true : undefined));
    expect(seats.held).toEqual({ taken: 0, addresses: 0, providers: 0 });
  });
});

describe("an address", () => {
  it.each([
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::9", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["unknown", "unknown"],
  ])("%s counts as %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
