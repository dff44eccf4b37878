import { getAddress, isAddress } from "viem";

/** The fields of an ERC-4361 message. */
export interface SignInMessage {
  readonly domain: string;
  /** EIP-55 checksummed. */
  readonly address: `0x${string}`;
  readonly statement: string | undefined;
  readonly uri: string;
  readonly version: string;
  readonly chainId: number;
  readonly nonce: string;
  readonly issuedAt: string;
  readonly expirationTime: string | undefined;
  readonly notBefore: string | undefined;
  readonly requestId: string | undefined;
  readonly resources: readonly string[] | undefined;
}

const HEAD = " wants you to sign in with your Ethereum account:";

/** Without white space or control characters. */
const SOLID = /^[^\s\p{Cc}]+$/u;

/** Writes a message exactly as ERC-4361 has it. */
export function writeSignInMessage(m: SignInMessage): string {
  const lines = [`${m.domain}${HEAD}`, m.address, ""];
  if (m.statement !== undefined) lines.push(m.statement);
  lines.push(
    "",
    `URI: ${m.uri}`,
    `Version: ${m.version}`,
    `Chain ID: ${m.chainId}`,
    `Nonce: ${m.nonce}`,
    `Issued At: ${m.issuedAt}`,
  );
  if (m.expirationTime !== undefined) lines.push(`Expiration Time: ${m.expirationTime}`);
  if (m.notBefore !== undefined) lines.push(`Not Before: ${m.notBefore}`);
  if (m.requestId !== undefined) lines.push(`Request ID: ${m.requestId}`);
  if (m.resources !== undefined) lines.push("Resources:", ...m.resources.map((resource) => `- ${resource}`));
  return lines.join("\n");
}

/**
 * Reads an ERC-4361 message, strictly: undefined for anything that would not be written back byte for byte the same, so
 * that what a wallet showed, what was signed and what we act on are one text.
 */
export function readSignInMessage(text: string): SignInMessage | undefined {
  const lines = text.split("\n");
  let at = 0;
  const next = (): string => lines[at++] ?? "";
  const field = (name: string): string | undefined => {
    const line = lines[at];
    if (line === undefined || !line.startsWith(`${name}: `)) return undefined;
    at++;
    return line.slice(name.length + 2);
  };

  const first = next();
  const address = next();
  if (!first.endsWith(HEAD) || !isAddress(address) || getAddress(address) !== address || next() !== "")
    return undefined;
  // Without a statement two empty lines follow the address, with one it stands between them.
  let statement: string | undefined;
  if (lines[at] !== "") statement = next();
  if (next() !== "") return undefined;

  const uri = field("URI");
  const version = field("Version");
  const chainId = field("Chain ID");
  const nonce = field("Nonce");
  const issuedAt = field("Issued At");
  if (
    uri === undefined ||
    version === undefined ||
    chainId === undefined ||
    nonce === undefined ||
    issuedAt === undefined
  )
    return undefined;
  const message: SignInMessage = {
    domain: first.slice(0, -HEAD.length),
    address,
    statement,
    uri,
    version,
    chainId: Number(chainId),
    nonce,
    issuedAt,
    expirationTime: field("Expiration Time"),
    notBefore: field("Not Before"),
    requestId: field("Request ID"),
    resources: resources(lines, at),
  };
  const wellFormed = SOLID.test(message.domain) && SOLID.test(uri) && /^[A-Za-z0-9]{8,}$/.test(nonce);
  return wellFormed && writeSignInMessage(message) === text ? message : undefined;
}

function resources(lines: readonly string[], at: number): readonly string[] | undefined {
  if (lines[at] !== "Resources:") return undefined;
  return lines.slice(at + 1).map((line) => (line.startsWith("- ") ? line.slice(2) : line));
}
