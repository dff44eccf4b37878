import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { socketConnection } from "./socket.adapter.ts";

it("holds few bytes of a peer that nobody reads yet, and loses none", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  try {
    await new Promise((resolve) => server.once("listening", resolve));
    const accepted = new Promise<WebSocket>((resolve) => server.once("connection", resolve));
    const peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const socket = await accepted;
    const connection = socketConnection(socket);
    if (peer.readyState !== WebSocket.OPEN) await new Promise((resolve) => peer.once("open", resolve));
    const sizes = Array.from({ length: 24 }, (_, i) => 2 ** 20 + i);
    for (const size of sizes) peer.send("x".repeat(size));
    while (!socket.isPaused) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(peer.bufferedAmount).toBeGreaterThan(8 * 2 ** 20);
    const messages = connection.messages[Symbol.asyncIterator]();
    const read: number[] = [];
    for (const _ of sizes) read.push(((await messages.next()).value as string).length);
    expect(read).toEqual(sizes);
    connection.close(1000, "read");
    peer.terminate();
  } finally {
    server.close();
  }
});
