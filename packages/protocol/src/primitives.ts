import type { Address, BlobHash, Hex } from "@corepool/core/hex";
import { isAddress } from "viem";
import { z } from "zod";

/** Schemas of the values that travel everywhere. Strings are bounded: no field of the API takes unlimited input. */

export const hex = z
  .string()
  .max(262_144)
  .regex(/^0x([0-9a-fA-F]{2})*$/, "0x and an even number of hexadecimal digits") as unknown as z.ZodType<Hex>;
export const bytes32 = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "0x and 64 hexadecimal digits") as unknown as z.ZodType<Hex>;
/** In lower case, or with a checksum that is right (EIP-55): a wrong one is a typing error, and could not be signed. */
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "0x and 40 hexadecimal digits")
  .refine((text) => isAddress(text), "the address's checksum is wrong") as unknown as z.ZodType<Address>;
export const blobHash = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 lower-case hexadecimal digits") as unknown as z.ZodType<BlobHash>;

/** Base units of a token as a decimal string: JSON numbers cannot carry them. */
export const amount = z.string().regex(/^(0|[1-9]\d{0,38})$/, "base units as a decimal string");
/** The same with a sign: a change. */
export const change = z.string().regex(/^(0|-?[1-9]\d{0,38})$/, "base units as a decimal string, signed");
/** A field of typed data of so many bits, as a decimal string: what does not fit could not be signed or hashed. */
export const uint = (bits: 64 | 96 | 128) => {
  const limit = 2n ** BigInt(bits);
  return z
    .string()
    .max(39)
    .regex(/^(0|[1-9]\d*)$/, "a non-negative whole number as a decimal string")
    .refine((text) => !/^\d{1,39}$/.test(text) || BigInt(text) < limit, `at most ${bits} bits`);
};

/** RFC 3339 UTC time with milliseconds. */
export const timestamp = z.iso.datetime({ precision: 3 });
export const seconds = z.int().min(0).max(4_294_967_295);
/** A time on chain, seconds since the epoch: 40 bits. */
export const chainTime = z
  .int()
  .min(0)
  .max(2 ** 40 - 1);
export const bytes = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A prefixed id such as `wkl_01…`. */
export const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{10,40}$`), `an id that starts with ${prefix}_`);

/** A path inside a workspace: relative, no empty, `.` or `..` part, no backslash or control character. */
export const workspacePath = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^\\\p{Cc}]+$/u, "no backslash and no control character")
  .refine(
    (path) => path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && part.length <= 255),
    "a relative path without empty, . or .. parts",
  );

/** One page of a list. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), nextCursor: z.string().nullable(), hasMore: z.boolean() });
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(512).optional(),
});
