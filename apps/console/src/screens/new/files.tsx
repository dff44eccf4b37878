import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { type DragEvent, useId, useRef, useState } from "react";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { bytesText } from "../../kit/values/quantities.ts";
import { type InputFile, inputOf } from "./inputs.ts";

/** The files that go along, named by their contents in this browser before anything is sent. */
export function Files({
  files,
  setFiles,
}: {
  readonly files: readonly InputFile[];
  readonly setFiles: (files: readonly InputFile[]) => void;
}) {
  const { t } = useLingui();
  const id = useId();
  const picker = useRef<HTMLInputElement>(null);
  const [hashing, setHashing] = useState<
    { readonly name: string; readonly done: number; readonly size: number } | undefined
  >(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const [over, setOver] = useState(false);
  const add = async (chosen: readonly File[]) => {
    setFailure(undefined);
    let all = files;
    try {
      for (const file of chosen) {
        setHashing({ name: file.name, done: 0, size: file.size });
        const input = await inputOf(file, (done) => setHashing({ name: file.name, done, size: file.size }));
        all = [...all.filter((each) => each.path !== input.path), input];
      }
      setFiles(all);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setHashing(undefined);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void add([...event.dataTransfer.files]);
  };
  const change = (path: string, patch: Partial<InputFile>) =>
    setFiles(files.map((each) => (each.path === path ? { ...each, ...patch } : each)));
  const bytes = files.reduce((sum, { blob }) => sum + blob.sizeBytes, 0);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the button below does the same
    <div
      className={`flex flex-col gap-1 rounded-(--radius) ${over ? "outline-2 outline-accent" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className="flex items-center justify-between gap-2">
        <span id={id} className="text-sm text-muted">
          <Trans>Files</Trans>
          {files.length === 0 ? null : (
            <span className="ml-2 text-faint">
              <Plural value={files.length} one="# file" other="# files" />, {bytesText(bytes)}
            </span>
          )}
        </span>
        <Button icon={ICONS.plus} busy={hashing !== undefined} onClick={() => picker.current?.click()}>
          <Trans>Add files</Trans>
        </Button>
        <input
          ref={picker}
          type="file"
          multiple
          aria-label={t`Files`}
          className="hidden"
          onChange={(event) => {
            void add([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      {files.length === 0 ? (
        <p className="rounded-(--radius) border border-dashed border-faint px-3 py-3 text-sm text-muted">
          <Trans>
            Drop files here. They are named by their SHA-256 in this browser, and sent only when you run the job.
          </Trans>
        </p>
      ) : (
        <ul aria-labelledby={id} className="flex flex-col divide-y divide-line rounded-(--radius) border border-line">
          {files.map(({ path, executable, blob }) => (
            <li key={path} className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-2 py-1 pr-1 pl-3 text-sm">
              <span className="truncate font-mono" title={path}>
                {path}
              </span>
              <Button
                look="quiet"
                icon={ICONS.close}
                aria-label={t`Leave out ${path}`}
                onClick={() => setFiles(files.filter((each) => each.path !== path))}
              />
              <span className="col-span-2 flex flex-wrap items-center gap-x-4 pb-1 text-muted">
                {bytesText(blob.sizeBytes)}
                <Hash value={blob.hash} copy={false} />
                <label className="flex items-center gap-1.5">
                  <input
                    type="checkbox"
                    checked={executable}
                    onChange={(event) => change(path, { executable: event.target.checked })}
                  />
                  <Trans>runs</Trans>
                </label>
              </span>
            </li>
          ))}
        </ul>
      )}
      {hashing === undefined ? null : (
        <p role="status" className="text-sm text-muted">
          <Trans>
            Naming {hashing.name}: {bytesText(hashing.done)} of {bytesText(hashing.size)}
          </Trans>
        </p>
      )}
      {failure === undefined ? null : (
        <p role="alert" className="text-sm text-bad">
          <Trans>It cannot be read: {failure}</Trans>
        </p>
      )}
    </div>
  );
}
