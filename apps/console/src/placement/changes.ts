import { formatPrice, type Token } from "@corepool/core/money";
import type { Refusal, RelaxationView } from "@corepool/protocol/resources";
import { useLingui } from "@lingui/react/macro";
import { loadWordsOf } from "../app/messages.ts";
import { bytesText, durationText } from "../kit/values/quantities.ts";

// Several screens tell it, and its words are a part of their own.
loadWordsOf("placement").catch(() => undefined);

/** What a machine can lack, in words. */
export function useDimensionName(): (dimension: Refusal["dimension"]) => string {
  const { t } = useLingui();
  return (dimension) =>
    ({
      cpus: t`Too few CPUs`,
      memory: t`Too little memory`,
      disk: t`Too little disk`,
      "gpu-count": t`Too few GPUs`,
      "gpu-model": t`Another GPU model`,
      "gpu-memory": t`Too little GPU memory`,
      price: t`Dearer than your price`,
      token: t`Paid in another token`,
      duration: t`Not for this long`,
      isolation: t`Weaker isolation`,
      software: t`Software is missing`,
      provider: t`Not of your providers`,
      busy: t`Taken just now`,
      offline: t`Offline`,
      "offer-expired": t`Its offer is not open`,
      funds: t`Not enough funds`,
    })[dimension];
}

const editedTo = ({ edits }: RelaxationView, pointer: string): unknown =>
  edits?.find((each) => each.pointer === pointer)?.value;

/** A change that helps, in words; the coordinator's own where it is something new. */
export function useChangeText(token: Token | undefined): (change: RelaxationView) => string {
  const { t } = useLingui();
  const price = (base: unknown, seconds: bigint): string =>
    token === undefined ? String(base) : `${formatPrice(BigInt(String(base)) * seconds, token)} ${token.symbol}`;
  return (change) => {
    const at = (pointer: string): unknown => editedTo(change, pointer);
    const gpus = at("/spec/resources/gpus") as { readonly count?: number; readonly memoryBytes?: number } | undefined;
    const rate = at("/constraints/maxRate");
    const escrow = at("/constraints/maxEscrow");
    switch (change.dimension) {
      case "cpus":
        return t`Ask for ${String(at("/spec/resources/cpus"))} CPUs`;
      case "memory":
        return t`Ask for ${bytesText(Number(at("/spec/resources/memoryBytes")))} of memory`;
      case "disk":
        return t`Ask for ${bytesText(Number(at("/spec/resources/diskBytes")))} of disk`;
      case "gpu-count":
        return gpus?.count === 0 ? t`Ask for no GPU` : t`Ask for ${String(gpus?.count)} GPUs`;
      case "gpu-model":
        return t`Take any GPU model`;
      case "gpu-memory":
        return t`Ask for ${bytesText(gpus?.memoryBytes ?? 0)} of GPU memory`;
      case "price":
        if (rate !== undefined && escrow !== undefined)
          return t`Pay up to ${price(rate, 3_600n)}/h, with ${price(escrow, 1n)} in escrow`;
        return rate === undefined ? t`Allow ${price(escrow, 1n)} in escrow` : t`Pay up to ${price(rate, 3_600n)}/h`;
      case "duration":
        return t`Ask for ${durationText(Number(at("/spec/durationSeconds")) * 1_000)}`;
      case "software":
        return t`Do without what is missing`;
      case "isolation":
        return t`Accept weaker isolation`;
      case "provider":
        return t`Allow one more provider`;
      case "token":
        return t`Pay in its token`;
      case "busy":
        return t`Wait until a machine is free`;
      case "offline":
        return t`Wait until a machine is back`;
      case "offer-expired":
        return t`Wait for a new offer`;
      default:
        return change.change;
    }
  };
}
