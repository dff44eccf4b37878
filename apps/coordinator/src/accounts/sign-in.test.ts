import { type TempChain, tempChain } from "@corepool/chain/testing/temp-chain";
import type { Hex } from "@corepool/core/hex";
import { getAddress, hashMessage } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OTHER_PLACE, PLACE, problem, type SignInNonce, siweMessage, type TestApi, testApi } from "../testing/api.ts";

/** Answers isValidSignature with the magic value exactly for the hash in storage slot 0. */
const CONTRACT_WALLET = "0x600435600054146316 26ba7e0260e01b60005260206000f3".replaceAll(" ", "") as Hex;

let chain: TempChain;
let test: TestApi;
const wallet = privateKeyToAccount(generatePrivateKey());
const stranger = privateKeyToAccount(generatePrivateKey());

beforeAll(async () => {
  chain = await tempChain();
  test = await testApi({ chain: chain.reader });
});
afterAll(async () => {
  await test.close();
  await chain.end();
});

async function nonceFor(address: Hex): Promise<SignInNonce> {
  const response = await test.send("POST", "/v1/auth/nonce", { body: { address } });
  expect(response.status).toBe(201);
  return (await response.json()) as SignInNonce;
}

const submit = (message: string, signature: Hex) =>
  test.send("POST", "/v1/auth/sessions", { body: { message, signature } });

/** A message with the given fields changed, signed by the wallet. */
async function tryWith(
  change: Partial<Parameters<typeof createSiweMessage>[0]>,
  edit: (text: string) => string = (text) => text,
): Promise<Response> {
  const nonce = await nonceFor(wallet.address);
  const fields = {
    address: wallet.address,
    domain: nonce.domain,
    uri: nonce.uri,
    version: "1" as const,
    chainId: nonce.chainId,
    nonce: nonce.nonce,
    issuedAt: new Date(nonce.issuedAt),
    expirationTime: new Date(nonce.expirationTime),
  };
  const message = edit(createSiweMessage({ ...fields, ...change }));
  return submit(message, await wallet.signMessage({ message }));
}

const minutes = (n: number) => new Date(test.clock.now() + n * 60_000);

describe("signing in", () => {
  it("is possible from each of our origins: a page is told its own, and nobody else's", async () => {
    const told = async (origin: string) => {
      const response = await test.send("POST", "/v1/auth/nonce", {
        body: { address: wallet.address },
        headers: { origin },
      });
      return (await response.json()) as SignInNonce;
    };
    const nonce = await told("http://localhost:8080");
    expect(nonce).toMatchObject(OTHER_PLACE);
    const message = siweMessage(wallet.address, nonce);
    expect((await submit(message, await wallet.signMessage({ message }))).status).toBe(201);
    for (const origin of ["http://evil.example", "http://localhost:8081", "https://localhost:8080", "null"])
      expect(await told(origin), origin).toMatchObject(PLACE);
    // One place's domain with the other's URI is neither.
    const mixed = await tryWith({ domain: OTHER_PLACE.domain, uri: PLACE.uri });
    expect(await problem(mixed)).toMatchObject({ code: "sign-in-refused" });
  });

  it("gives a session that knows the account, until it is ended", async () => {
    const token = await test.signInAs(wallet);
    expect(token).toMatch(/^corepool_session_[A-Za-z0-9_-]{43}$/);
    const account = await test.send("GET", "/v1/account", { token });
    expect(((await account.json()) as { address: string }).address).toBe(wallet.address.toLowerCase());
    expect((await test.send("DELETE", "/v1/auth/sessions", { token })).status).toBe(204);
    expect((await test.send("GET", "/v1/account", { token })).status).toBe(401);
  });

  it("ends by itself after twelve hours", async () => {
    const token = await test.signInAs(wallet);
    test.clock.advance(12 * 3600_000 - 60_000);
    expect((await test.send("GET", "/v1/account", { token })).status).toBe(200);
    test.clock.advance(61_000);
    expect((await test.send("GET", "/v1/account", { token })).status).toBe(401);
  });

  it("has ended for good once it was refused, though the clock is set back", async () => {
    const token = await test.signInAs(wallet);
    test.clock.advance(12 * 3600_000 + 1);
    expect((await test.send("GET", "/v1/account", { token })).status).toBe(401);
    test.clock.set(-3600_000);
    expect((await test.send("GET", "/v1/account", { token })).status).toBe(401);
    test.clock.set(0);
  });

  it("uses nonces of 256 bits that differ", async () => {
    const nonces = await Promise.all(Array.from({ length: 5 }, () => nonceFor(wallet.address)));
    expect(new Set(nonces.map((n) => n.nonce)).size).toBe(5);
    for (const n of nonces)
      expect(n).toMatchObject({ ...PLACE, nonce: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });

  it("lets one of a hundred concurrent repeats through", async () => {
    const message = siweMessage(wallet.address, await nonceFor(wallet.address));
    const signature = await wallet.signMessage({ message });
    const answers = await Promise.all(Array.from({ length: 100 }, () => submit(message, signature)));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(99);
  });

  it.each<[string, () => Promise<Response>]>([
    ["another domain", () => tryWith({ domain: "evil.example" })],
    ["our domain with a port", () => tryWith({ domain: "pool.example:443" })],
    ["our domain in capitals", () => tryWith({}, (text) => text.replace("pool.example wants", "POOL.example wants"))],
    ["a domain that begins with ours", () => tryWith({ domain: "pool.example.evil.example" })],
    ["a scheme before the domain", () => tryWith({ scheme: "https" })],
    ["another URI", () => tryWith({ uri: "https://pool.example/other" })],
    ["a URI with a slash more", () => tryWith({ uri: "https://pool.example/" })],
    ["another version", () => tryWith({}, (text) => text.replace("Version: 1", "Version: 2"))],
    ["another chain", () => tryWith({ chainId: 1 })],
    ["no nonce", () => tryWith({}, (text) => text.replace(/\nNonce: .*/, ""))],
    ["a nonce that nobody gave", () => tryWith({ nonce: "0".repeat(64) })],
    ["an issue time six minutes ago", () => tryWith({ issuedAt: minutes(-6), expirationTime: minutes(3) })],
    ["an issue time six minutes ahead", () => tryWith({ issuedAt: minutes(6), expirationTime: minutes(9) })],
    ["no expiration time", () => tryWith({}, (text) => text.replace(/\nExpiration Time: .*/, ""))],
    ["a past expiration time", () => tryWith({ issuedAt: minutes(-4), expirationTime: minutes(-1) })],
    ["an expiration time too far ahead", () => tryWith({ issuedAt: minutes(0), expirationTime: minutes(11) })],
    [
      "an expiration time that is no time",
      () => tryWith({}, (text) => text.replace(/Expiration Time: .*/, "Expiration Time: tomorrow")),
    ],
    ["a not-before time ahead", () => tryWith({ notBefore: minutes(2) })],
    ["a lower-case address", () => tryWith({}, (text) => text.replace(wallet.address, wallet.address.toLowerCase()))],
    ["fields in another order", () => tryWith({}, (text) => text.replace(/(Version: 1)\n(Chain ID: \d+)/, "$2\n$1"))],
    ["a line more", () => tryWith({}, (text) => `${text}\n`)],
    ["carriage returns", () => tryWith({}, (text) => text.replaceAll("\n", "\r\n"))],
  ])("is refused with %s", async (_what, attempt) => {
    const refusal = await problem(await attempt());
    expect(refusal.code).toBe("sign-in-refused");
    expect(refusal.status).toBe(401);
  });

  it("is refused when another account signed, for its own nonce or for a stolen one", async () => {
    const message = siweMessage(wallet.address, await nonceFor(wallet.address));
    expect((await problem(await submit(message, await stranger.signMessage({ message })))).code).toBe(
      "sign-in-refused",
    );
    // The failed try has used the nonce up.
    expect((await problem(await submit(message, await wallet.signMessage({ message })))).code).toBe("sign-in-refused");
    const stolen = siweMessage(stranger.address, await nonceFor(wallet.address));
    expect((await problem(await submit(stolen, await stranger.signMessage({ message: stolen })))).code).toBe(
      "sign-in-refused",
    );
  });

  it("is refused with a signature of another text, of no length, or of nothing", async () => {
    for (const signature of [
      await wallet.signMessage({ message: "other" }),
      "0x",
      `0x${"00".repeat(65)}`,
      `0x${"ff".repeat(65)}`,
      "0x1234",
    ] as Hex[]) {
      const message = siweMessage(wallet.address, await nonceFor(wallet.address));
      expect((await problem(await submit(message, signature))).code, signature.slice(0, 12)).toBe("sign-in-refused");
    }
  });

  it("is refused when the nonce has expired, though the message itself has not", async () => {
    const nonce = await nonceFor(wallet.address);
    test.clock.advance(10 * 60_000 + 1);
    const now = new Date(test.clock.now());
    const message = siweMessage(wallet.address, {
      ...nonce,
      issuedAt: now.toISOString(),
      expirationTime: minutes(5).toISOString(),
    });
    expect((await problem(await submit(message, await wallet.signMessage({ message })))).detail).toContain(
      "nonce has expired",
    );
    await nonceFor(wallet.address);
    await test.signIn.forgetExpired();
    const { n } = await test.database.reader
      .selectFrom("sign_in_nonces")
      .select((e) => e.fn.countAll<bigint>().as("n"))
      .executeTakeFirstOrThrow();
    expect(n).toBeLessThan(10n);
  });
});

describe("contract accounts (ERC-1271)", () => {
  const contract = "0x00000000000000000000000000000000c0ffee01" as const;

  it("sign in by what their contract says, and only for that message", async () => {
    await chain.endpoint.request("anvil_setCode", [contract, CONTRACT_WALLET]);
    const nonce = await nonceFor(contract);
    const checksummed = getAddress(contract);
    const message = siweMessage(checksummed, nonce);
    await chain.endpoint.request("anvil_setStorageAt", [contract, `0x${"00".repeat(32)}`, hashMessage(message)]);
    const response = await submit(message, "0x1234");
    expect(response.status).toBe(201);
    expect(((await response.json()) as { account: string }).account).toBe(contract.toLowerCase());
    const other = siweMessage(checksummed, await nonceFor(contract));
    expect((await problem(await submit(other, "0x1234"))).code).toBe("sign-in-refused");
  });

  it("are told to come back when the chain cannot be asked", async () => {
    const alone = await testApi();
    const nonce = (await (
      await alone.send("POST", "/v1/auth/nonce", { body: { address: wallet.address } })
    ).json()) as SignInNonce;
    const message = siweMessage(wallet.address, nonce);
    const response = await alone.send("POST", "/v1/auth/sessions", {
      body: { message, signature: await stranger.signMessage({ message }) },
    });
    expect((await problem(response)).code).toBe("chain-unavailable");
    await alone.close();
  });
});
