import { describe, expect, it } from "vitest";
import { privateKeyOf, readKeystore, writeKeystore } from "./keystore.ts";

/** The test vectors of the Web3 Secret Storage Definition. */
const SECRET = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const PBKDF2 = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}`;
const SCRYPT = `{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt","kdfparams":{"dklen":32,"n":262144,"r":1,"p":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},"mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}`;

describe("a keystore file", () => {
  it.each([
    ["PBKDF2", PBKDF2],
    ["scrypt", SCRYPT],
  ])("of the standard's own examples is read: %s", async (_, file) => {
    expect(await readKeystore(file, "testpassword")).toBe(SECRET);
  });

  it("is refused with another passphrase, when damaged, or when it asks too much of the machine", async () => {
    await expect(readKeystore(PBKDF2, "testpassword ")).rejects.toThrow("passphrase");
    await expect(readKeystore(PBKDF2.replace("5318b4", "5318b5"), "testpassword")).rejects.toThrow("passphrase");
    await expect(readKeystore(SCRYPT.replace("262144", "1073741824"), "testpassword")).rejects.toThrow("version 3");
    await expect(readKeystore("{", "x")).rejects.toThrow("not a keystore");
    await expect(readKeystore('{"version":3}', "x")).rejects.toThrow("version 3");
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
    for (const text of ["", "0x12", `0x${"0".repeat(64)}`, `0x${"f".repeat(64)}`, "abandon ".repeat(12)]) expect(privateKeyOf(text)).toBeUndefined();
  });
});
