import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import {
  encodeFunctionData,
  parseAbi,
  parseCompactSignature,
  recoverAddress,
  serializeCompactSignature,
  size,
} from "viem";

const ERC1271 = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);
const MAGIC = "0x1626ba7e";

/** Who made an ECDSA signature (65 bytes, or 64 by ERC-2098) over a digest; undefined when it is none. */
export async function signerOf(digest: Hex, signature: Hex): Promise<Address | undefined> {
  try {
    if (size(signature) === 64) {
      const { r, yParityAndS } = parseCompactSignature(signature);
      return await recoverAddress({ hash: digest, signature: serializeCompactSignature({ r, yParityAndS }) });
    }
    return await recoverAddress({ hash: digest, signature });
  } catch {
    // Bytes that are no signature have no signer.
    return undefined;
  }
}

/** Whether the key of an account made the signature, as the contract checks payment notes. */
export async function isSignedByKey(signer: Address, digest: Hex, signature: Hex): Promise<boolean> {
  const found = await signerOf(digest, signature);
  return found !== undefined && sameAddress(found, signer);
}

/** Whether an account agrees: by its key, else by its contract (ERC-1271). In this order, as the contract does. */
export async function isSignedBy(chain: ChainReader, signer: Address, digest: Hex, signature: Hex): Promise<boolean> {
  if (await isSignedByKey(signer, digest, signature)) return true;
  const data = encodeFunctionData({ abi: ERC1271, functionName: "isValidSignature", args: [digest, signature] });
  try {
    return (await chain.call(signer, data)).slice(0, 10) === MAGIC;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "call-reverted") return false;
    throw error;
  }
}
