import { codeOf } from "@corepool/core/errors";

/** How asking a key, or sending a transaction, can fail; each has its own words and its own next step. */
export type KeyFailure =
  | "rejected"
  | "wrong-chain"
  | "dropped"
  | "no-funds"
  | "no-gas"
  | "locked"
  | "gone"
  | "busy"
  | "no-key"
  | "wrong-passkey"
  | "no-rpc"
  | "other-market"
  | "other";

interface Shape {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly data?: { readonly reason?: unknown };
}

const BY_NAME: Readonly<Record<string, KeyFailure>> = {
  UserRejectedRequestError: "rejected",
  ChainMismatchError: "wrong-chain",
  ChainNotConfiguredError: "wrong-chain",
  SwitchChainError: "wrong-chain",
  WaitForTransactionReceiptTimeoutError: "dropped",
  TransactionNotFoundError: "dropped",
  TransactionReceiptNotFoundError: "dropped",
  InsufficientFundsError: "no-gas",
  ProviderNotFoundError: "gone",
  ConnectorNotConnectedError: "gone",
  ConnectorUnavailableReconnectingError: "gone",
  ResourceUnavailableRpcError: "busy",
  // WebAuthn: the person closed the passkey's window, or let it run out.
  NotAllowedError: "rejected",
};
/** EIP-1193 and the JSON-RPC codes of wallets. */
const BY_CODE: Readonly<Record<string, KeyFailure>> = {
  "4001": "rejected",
  "4100": "locked",
  "4900": "gone",
  "4901": "wrong-chain",
  "4902": "wrong-chain",
  "-32002": "busy",
  "wrong-chain": "wrong-chain",
  "insufficient-funds": "no-funds",
  "no-key": "no-key",
  "wrong-passkey": "wrong-passkey",
  "no-rpc": "no-rpc",
  "other-market": "other-market",
  gone: "gone",
  locked: "locked",
};

/** An error of our own that `failureOf` knows by its code. */
export function keyError(
  code: "no-key" | "wrong-passkey" | "no-rpc" | "gone" | "locked" | "other-market",
  message: string,
): Error {
  return Object.assign(new Error(message), { code });
}

/** Which of them an error is, looking through its causes; `other` for what is known by none. */
export function failureOf(error: unknown): KeyFailure {
  for (let at: unknown = error, depth = 0; at !== null && typeof at === "object" && depth < 10; depth++) {
    const { name, code, message, cause, data } = at as Shape;
    const known = BY_NAME[String(name)] ?? BY_CODE[String(code)];
    if (known !== undefined) return known;
    const reason = typeof data?.reason === "string" ? data.reason : "";
    if (/^ERC20Insufficient|^Insufficient/.test(reason)) return "no-funds";
    if (codeOf(at) === "chain-unavailable" && /insufficient funds/i.test(String(message))) return "no-gas";
    at = cause;
  }
  return "other";
}
