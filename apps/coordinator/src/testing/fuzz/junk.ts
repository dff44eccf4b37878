import type { Json } from "./values.ts";

/** Texts that have broken servers: control and direction characters, halves of characters, folding, paths, markup, floods. */
export const TEXTS: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "x\udc00",
  "\u202e\u2066",
  "\u2028\u2029",
  "\ufeff",
  "\uffff",
  "İſK",
  "👩‍👩‍👧‍👦".repeat(20),
  `z${"\u0301".repeat(500)}`,
  "../../../etc/passwd",
  "..\\..\\x",
  "%00%0d%0a",
  "\r\nset-cookie: a=b",
  "'; drop table accounts; --",
  "$(id)`id`{{7*7}}",
  "<script>alert(1)</script>",
  "__proto__",
  "constructor",
  "toString",
  "a".repeat(40_000),
  "\u{1f600}".repeat(10_000),
  "9".repeat(300),
];

/** Numbers as the wire carries them, and beyond what it can. */
export const NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1.5,
  1e-7,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  1e18,
  1e100,
  Number.MAX_VALUE,
];

/** Amounts in base units as text, around the widths that contracts use. */
export const AMOUNTS: readonly string[] = [
  ...[64n, 96n, 128n, 256n].flatMap((bits) => [String(2n ** bits - 1n), String(2n ** bits)]),
  "-1",
  "00",
  "1.0",
  "1e18",
  "0x10",
  " 1",
  "1\n",
  "１２",
  "9".repeat(39),
  "9".repeat(78),
  "9".repeat(79),
];

export const HEXES: readonly string[] = [
  "0x",
  "0x0",
  "0X00",
  "0xzz",
  `0x${"00".repeat(20)}`,
  `0x${"ff".repeat(20)}`,
  `0x${"00".repeat(31)}`,
  `0x${"ff".repeat(32)}`,
  `0x${"00".repeat(33)}`,
  `0x${"1b".repeat(65)}`,
  `0x${"ab".repeat(60_000)}`,
];

/** Values of another type than was asked for. */
export const CONFUSED: readonly Json[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  { $ne: null },
  { length: 1e9 },
  { toString: 1, valueOf: 2 },
  "true",
  "null",
  "[object Object]",
];
