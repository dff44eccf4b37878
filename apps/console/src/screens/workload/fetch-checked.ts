import type { OutputFile } from "@corepool/protocol/spec";
import { downloadBlob } from "@corepool/sdk/blobs";
import { client } from "../../data/client.ts";

/**
 * Downloads a file and checks in this page that its bytes have the SHA-256 that names it. Rejects with
 * `blob-hash-mismatch` when they do not: then nothing of it comes back.
 */
export async function fetchChecked(
  file: OutputFile,
  onProgress: (received: number) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  let toldAt = 0;
  for await (const part of downloadBlob(client, file.hash, file.sizeBytes, signal)) {
    parts.push(part as Uint8Array<ArrayBuffer>);
    received += part.length;
    if (performance.now() - toldAt < 100) continue;
    toldAt = performance.now();
    onProgress(received);
  }
  return new Blob(parts, { type: "application/octet-stream" });
}
