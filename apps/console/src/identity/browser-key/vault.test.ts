import { describe, expect, it } from "vitest";
import { newWrappingKey, unwrap, wrap, wrappingKeyOf } from "./vault.ts";

const address = `0x${"ab".repeat(20)}` as const;
const secret = new Uint8Array(32).fill(7);
const salt = new Uint8Array(32).fill(9);
const privateKey = `0x${"0123456789abcdef".repeat(4)}` as const;

describe("a key in the browser", () => {
  it("comes back by the same passkey secret, in whatever case its address is written", async () => {
    const sealed = await wrap(await wrappingKeyOf(secret, salt), privateKey, address);
    const again = await wrappingKeyOf(secret.slice(), salt.slice());
    expect(await unwrap(again, { ...sealed, address: `0x${"AB".repeat(20)}` })).toBe(privateKey);
  });

  it("does not come back by another secret, salt or account, nor after a byte was changed", async () => {
    const key = await wrappingKeyOf(secret, salt);
    const sealed = await wrap(key, privateKey, address);
    const broken = sealed.wrapped.slice();
    broken[3] = (broken[3] ?? 0) ^ 1;
    const tries = [
      async () =>
        unwrap(
          await wrappingKeyOf(
            secret.map((b) => b + 1),
            salt,
          ),
          { ...sealed, address },
        ),
      async () =>
        unwrap(
          await wrappingKeyOf(
            secret,
            salt.map((b) => b + 1),
          ),
          { ...sealed, address },
        ),
      () => unwrap(key, { ...sealed, address: `0x${"cd".repeat(20)}` }),
      () => unwrap(key, { ...sealed, wrapped: broken, address }),
    ];
    for (const each of tries) await expect(each()).rejects.toThrow();
  });

  it("is never wrapped under a key that a page can read out, nor twice alike", async () => {
    const gate = await newWrappingKey();
    expect(gate.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("raw", gate)).rejects.toThrow();
    expect((await wrappingKeyOf(secret, salt)).extractable).toBe(false);
    const [a, b] = [await wrap(gate, privateKey, address), await wrap(gate, privateKey, address)];
    expect(a.iv).not.toEqual(b.iv);
    expect(a.wrapped).not.toEqual(b.wrapped);
    expect(await unwrap(gate, { ...b, address })).toBe(privateKey);
  });
});
