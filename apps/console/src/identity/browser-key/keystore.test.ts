import { createCipheriv, scryptSync } from "node:crypto";
import { keccak256 } from "viem";
import { describe, expect, it } from "vitest";
import { privateKeyOf, readKeystore, writeKeystore } from "./keystore.ts";

/** A test vector of the Web3 Secret Storage Definition. */
const SECRET = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const PBKDF2 = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}`;

/** A file as other wallets write it: scrypt by Node's own hand, with few rounds. */
function scryptFile(passphrase: string): string {
  const [salt, iv] = [Buffer.alloc(32, 3), Buffer.alloc(16, 5)];
  const key = scryptSync(passphrase, salt, 32, { N: 1024, r: 8, p: 1 });
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(Buffer.from(SECRET.slice(2), "hex")), cipher.final()]);
  const mac = keccak256(Buffer.concat([key.subarray(16), ciphertext])).slice(2);
  const kdfparams = { dklen: 32, n: 1024, r: 8, p: 1, salt: salt.toString("hex") };
  return JSON.stringify({
    version: 3,
    Crypto: {
      cipher: "aes-128-ctr",
      cipherparams: { iv: iv.toString("hex") },
      ciphertext: ciphertext.toString("hex"),
      kdf: "scrypt",
      kdfparams,
      mac,
    },
  });
}

describe("a keystore file", () => {
  it("of the standard's own example is read, and one by scrypt", async () => {
    expect(await readKeystore(PBKDF2, "testpassword")).toBe(SECRET);
    expect(await readKeystore(scryptFile("testpassword"), "testpassword")).toBe(SECRET);
  });

  it("is refused with another passphrase, when damaged, or when it asks too much of the machine", async () => {
    await expect(readKeystore(PBKDF2, "testpassword ")).rejects.toThrow("wrong-passphrase");
    await expect(readKeystore(PBKDF2.replace("5318b4", "5318b5"), "testpassword")).rejects.toThrow("wrong-passphrase");
    await expect(
      readKeystore(scryptFile("testpassword").replace("1024", "1073741824"), "testpassword"),
    ).rejects.toThrow("not-a-keystore");
    await expect(readKeystore("{", "x")).rejects.toThrow("not-a-keystore");
    await expect(readKeystore('{"version":3}', "x")).rejects.toThrow("not-a-keystore");
  });

  it("that was written is read, and no two are alike", async () => {
    const [a, b] = [await writeKeystore(SECRET, "비밀번호", 10), await writeKeystore(SECRET, "비밀번호", 10)];
    expect(await readKeystore(a, "비밀번호")).toBe(SECRET);
    expect(JSON.parse(a).crypto.ciphertext).not.toBe(JSON.parse(b).crypto.ciphertext);
    expect(a).not.toContain(SECRET.slice(2));
    expect(JSON.parse(await writeKeystore(SECRET, "x")).crypto.kdfparams.c).toBe(600_000);
  });

  it("knows a pasted key from everything else", () => {
    expect(privateKeyOf(` ${SECRET.toUpperCase().replace("0X", "0x")}\n`)).toBe(SECRET);
    expect(privateKeyOf(SECRET.slice(2))).toBe(SECRET);
    for (const text of ["", "0x12", `0x${"0".repeat(64)}`, `0x${"f".repeat(64)}`, "abandon ".repeat(12)])
      expect(privateKeyOf(text)).toBeUndefined();
  });
});
