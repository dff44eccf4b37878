import { CorepoolError } from "@corepool/core/errors";
import {
  InsufficientFundsError,
  TransactionExecutionError,
  UserRejectedRequestError,
  WaitForTransactionReceiptTimeoutError,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { failureOf, keyError } from "./failure.ts";

const account = privateKeyToAccount(`0x${"01".repeat(32)}`);
const sent = (cause: ConstructorParameters<typeof TransactionExecutionError>[0]) =>
  new TransactionExecutionError(cause, { account });

describe("why a key or a transaction failed", () => {
  it.each([
    ["rejected", sent(new UserRejectedRequestError(new Error("no")))],
    ["rejected", { code: 4001, message: "User rejected" }],
    ["rejected", new DOMException("closed", "NotAllowedError")],
    ["no-gas", sent(new InsufficientFundsError())],
    ["dropped", new WaitForTransactionReceiptTimeoutError({ hash: "0x12" })],
    ["wrong-chain", new CorepoolError("wrong-chain", { detail: "x" })],
    ["wrong-chain", { code: 4902 }],
    ["no-funds", new CorepoolError("insufficient-funds", { detail: "x" })],
    ["no-funds", new CorepoolError("call-reverted", { detail: "x", data: { reason: "ERC20InsufficientBalance" } })],
    ["busy", { code: -32002 }],
    ["locked", { code: 4100 }],
    ["gone", { code: 4900 }],
    ["gone", keyError("gone", "x")],
    ["locked", keyError("locked", "x")],
    ["no-key", keyError("no-key", "x")],
    ["wrong-passkey", keyError("wrong-passkey", "x")],
    ["no-rpc", keyError("no-rpc", "x")],
    ["other", new Error("something else")],
    ["other", undefined],
    ["other", "text"],
  ] as const)("%s", (expected, error) => expect(failureOf(error)).toBe(expected));

  it("is found below any number of wrappings, and a circle ends", () => {
    const deep = new Error("a", { cause: new Error("b", { cause: { code: 4001 } }) });
    expect(failureOf(deep)).toBe("rejected");
    const circle: { cause?: unknown } = {};
    circle.cause = circle;
    expect(failureOf(circle)).toBe("other");
  });
});
