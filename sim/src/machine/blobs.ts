import type { BlobTransfer } from "@corepool/agent/ports";
import { CorepoolError } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import type { Network } from "../net/network.ts";
import type { SimProcess } from "../world/process.ts";

/** The coordinator's blobs: which are whole, how large, and whose. */
export class SimBlobs {
  readonly #sizes = new Map<BlobHash, number>();
  readonly #owners = new Set<string>();

  /** The size of a blob that the account has uploaded. */
  owned(account: string, hash: BlobHash): number | undefined {
    return this.#owners.has(`${account.toLowerCase()} ${hash}`) ? this.#sizes.get(hash) : undefined;
  }

  size(hash: BlobHash): number | undefined {
    return this.#sizes.get(hash);
  }

  /** How the agent of a provider moves blobs. */
  transferFor(
    network: Network,
    agent: SimProcess,
    hosts: { readonly from: string; readonly to: string },
    owner: string,
    isServing: () => boolean,
  ): BlobTransfer {
    const { io } = network;
    const away = () =>
      new CorepoolError("coordinator-unreachable", { detail: "The coordinator's blobs did not answer." });
    const reach = async (signal: AbortSignal) => {
      const lost = network.loses(hosts.from, hosts.to) || network.loses(hosts.to, hosts.from);
      await agent.wait(lost ? network.patience() : 2 * network.delay(), "moves a blob");
      signal.throwIfAborted();
      if (lost || !isServing()) throw away();
    };
    const transfer: BlobTransfer = {
      download: () => Promise.reject(new CorepoolError("blob-not-found", { detail: "Nobody uploads inputs here." })),
      state: async (hash, signal) => {
        await reach(signal);
        const size = this.owned(owner, hash);
        return { stored: size !== undefined, received: size ?? 0 };
      },
      upload: async (hash, part, signal) => {
        let bytes = part.offset;
        for await (const piece of part.bytes) bytes += piece.length;
        await reach(signal);
        if (bytes !== part.size) throw new CorepoolError("blob-hash-mismatch", { detail: "The upload is not whole." });
        this.#sizes.set(hash, bytes);
        this.#owners.add(`${owner.toLowerCase()} ${hash}`);
      },
    };
    if (!io.watching) return transfer;
    return {
      ...transfer,
      state: (hash, signal) => io.call(agent, "blob state", false, () => transfer.state(hash, signal), away),
      upload: (hash, part, signal) =>
        io.call(agent, "blob upload", true, () => transfer.upload(hash, part, signal), away),
    };
  }
}
