import { type Hex, sameAddress } from "@corepool/core/hex";
import { digestOf, documentHash, type MarketDomain, usageReportData } from "@corepool/protocol/eip712";
import type { OutputFile, UsageReport } from "@corepool/protocol/spec";
import { recoverAddress } from "viem";

/** What a usage report says that an attempt has left behind: a hash over its outputs, sorted by path. */
export function outputsHash(outputs: readonly OutputFile[]): Hex {
  return documentHash([...outputs].sort((a, b) => (a.path < b.path ? -1 : 1)));
}

/** Whether a usage report is about these outputs. */
export function isAboutOutputs(report: UsageReport, outputs: readonly OutputFile[]): boolean {
  return report.outputs.toLowerCase() === outputsHash(outputs);
}

/** Whether a usage report is about this lease and carries its provider's signature. */
export async function isProvidersReport(
  of: { readonly domain: MarketDomain; readonly provider: Hex; readonly lease: Hex },
  report: UsageReport,
  signature: Hex | null,
): Promise<boolean> {
  if (signature === null || report.lease.toLowerCase() !== of.lease.toLowerCase()) return false;
  const hash = digestOf(usageReportData(of.domain, report));
  // A signature that is none recovers nobody.
  const by = await recoverAddress({ hash, signature }).catch(() => undefined);
  return by !== undefined && sameAddress(by, of.provider);
}
