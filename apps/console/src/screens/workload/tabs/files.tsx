import type { WorkloadView } from "@corepool/protocol/resources";
import type { OutputFile } from "@corepool/protocol/spec";
import { isOver } from "@corepool/sdk/follow";
import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState } from "react";
import { Button } from "../../../kit/ui/button.tsx";
import { Dialog } from "../../../kit/ui/dialog.tsx";
import { ICONS } from "../../../kit/ui/icon.tsx";
import { Section } from "../../../kit/ui/page.tsx";
import { saveFile } from "../../../kit/ui/save-file.ts";
import { Empty } from "../../../kit/ui/states.tsx";
import { Hash } from "../../../kit/values/hash.tsx";
import { bytesText } from "../../../kit/values/quantities.ts";
import { State } from "../../../kit/values/state.tsx";
import { fetchChecked } from "../fetch-checked.ts";
import { fileName, imageTypeOf, MOST_SHOWN_BYTES, textOf } from "../file-kind.ts";

const LOOK =
  "M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z";

/** How the hash of a file begins; what follows is what `sha256sum` prints. */
const DIGEST = "sha256:";

/** How a file's check stands. */
type Check =
  | { readonly state: "none" }
  | { readonly state: "checked" }
  | { readonly state: "coming"; readonly received: number }
  | { readonly state: "failed"; readonly text: string };
/** A file that is shown: its text, or an image as a data URL. */
interface Shown {
  readonly path: string;
  readonly text?: string;
  readonly image?: string;
}

const dataUrl = (blob: Blob, type: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () =>
      typeof reader.result === "string" ? resolve(reader.result) : reject(new Error("The file cannot be read."));
    reader.onerror = () => reject(reader.error ?? new Error("The file cannot be read."));
    reader.readAsDataURL(blob.slice(0, blob.size, type));
  });

function CheckState({ check, size }: { readonly check: Check; readonly size: number }) {
  if (check.state === "none") return null;
  if (check.state === "checked")
    return (
      <State tone="live">
        <Trans>SHA-256 checked here: it matches</Trans>
      </State>
    );
  if (check.state === "failed")
    return (
      <State tone="bad">
        <span className="whitespace-normal">{check.text}</span>
      </State>
    );
  const percent = size === 0 ? 100 : Math.floor((check.received / size) * 100);
  return (
    <State tone="info">
      <Trans>Downloading, {percent} %</Trans>
    </State>
  );
}

function FileRow({ file, onShow }: { readonly file: OutputFile; readonly onShow: (shown: Shown) => void }) {
  const { t } = useLingui();
  const [check, setCheck] = useState<Check>({ state: "none" });
  const leave = useRef(new AbortController());
  useEffect(() => {
    leave.current = new AbortController();
    return () => leave.current.abort(new DOMException("The page no longer downloads it.", "AbortError"));
  }, []);
  const get = async (then: (blob: Blob) => void | Promise<void>): Promise<void> => {
    const { signal } = leave.current;
    setCheck({ state: "coming", received: 0 });
    try {
      const blob = await fetchChecked(file, (received) => setCheck({ state: "coming", received }), signal);
      setCheck({ state: "checked" });
      await then(blob);
    } catch (error) {
      if (!signal.aborted) setCheck({ state: "failed", text: error instanceof Error ? error.message : String(error) });
    }
  };
  const look = async (blob: Blob): Promise<void> => {
    const type = imageTypeOf(file.path);
    if (type !== undefined) return onShow({ path: file.path, image: await dataUrl(blob, type) });
    const text = textOf(new Uint8Array(await blob.arrayBuffer()));
    onShow({ path: file.path, text: text ?? t`This is no text. Download it to open it with a program of yours.` });
  };
  const busy = check.state === "coming";
  const name = fileName(file.path);
  return (
    <li
      className="grid grid-cols-1 items-center gap-x-6 gap-y-1 border-b border-line py-2 text-sm md:grid-cols-[minmax(0,1.4fr)_6rem_minmax(0,1.6fr)_10rem]"
      data-file={file.path}
    >
      <span className="font-mono break-all">{file.path}</span>
      <span className="text-muted tabular-nums md:text-right" title={`${file.sizeBytes} B`}>
        {bytesText(file.sizeBytes)}
      </span>
      <div className="flex min-w-0 flex-wrap items-center gap-x-3">
        <span className="inline-flex items-center">
          <span className="font-mono text-sm text-faint">{DIGEST}</span>
          <Hash value={file.hash.slice(DIGEST.length)} />
        </span>
        <span role="status" data-check={check.state}>
          <CheckState check={check} size={file.sizeBytes} />
        </span>
      </div>
      <span className="flex gap-1 md:justify-self-end">
        {file.sizeBytes <= MOST_SHOWN_BYTES ? (
          <Button look="quiet" icon={LOOK} busy={busy} aria-label={t`Show ${name}`} onClick={() => void get(look)} />
        ) : null}
        <Button
          icon={ICONS.download}
          busy={busy}
          onClick={() => void get((blob) => saveFile(name, blob, "application/octet-stream"))}
        >
          <Trans>Download</Trans>
          <span className="sr-only"> {name}</span>
        </Button>
      </span>
    </li>
  );
}

/** What it left behind. Each file is named by the hash of its bytes, so this page can tell whether it got the right ones. */
export function FilesTab({ workload }: { readonly workload: WorkloadView }) {
  const [shown, setShown] = useState<Shown | undefined>(undefined);
  const { outputs } = workload;
  if (outputs.length === 0)
    return (
      <Empty title={isOver(workload) ? <Trans>It left no files</Trans> : <Trans>No files yet</Trans>}>
        <Trans>
          What a workload writes to <code className="font-mono">outputs</code> in its folder is stored when it ends, and
          stands here.
        </Trans>
      </Empty>
    );
  return (
    <Section
      title={<Trans>Files that it left</Trans>}
      note={
        <Trans>A download is checked in this browser against the hash that the market names, before it is saved.</Trans>
      }
    >
      <ul className="border-t border-line">
        {outputs.map((file) => (
          <FileRow key={file.path} file={file} onShow={setShown} />
        ))}
      </ul>
      {shown === undefined ? null : (
        <Dialog title={<span className="font-mono">{shown.path}</span>} onClose={() => setShown(undefined)}>
          {shown.image === undefined ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
            <pre tabIndex={0} className="scroll-thin max-h-[70dvh] overflow-auto p-4 font-mono text-sm">
              {shown.text}
            </pre>
          ) : (
            <img src={shown.image} alt={shown.path} className="max-h-[70dvh] max-w-full p-4" />
          )}
        </Dialog>
      )}
    </Section>
  );
}
