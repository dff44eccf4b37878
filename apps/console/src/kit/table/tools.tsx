import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ICONS } from "../ui/icon.tsx";
import { Menu, MenuCheck, MenuItem, MenuRule } from "../ui/menu.tsx";
import { saveFile } from "../ui/save-file.ts";
import { type Column, shownColumns, type TableSearch, toCsv } from "./model.ts";
import { dropView, type SavedView, savedViews, saveView } from "./views.ts";

export interface ToolsProps<T> {
  readonly id: string;
  readonly columns: readonly Column<T>[];
  /** What a CSV has: the rows that the filters leave. */
  readonly rows: readonly T[];
  readonly search: TableSearch & Readonly<Record<string, unknown>>;
  readonly setSearch: (patch: Readonly<Record<string, unknown>>) => void;
}

function SaveDialog({ onSave, onClose }: { readonly onSave: (name: string) => void; readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    onSave(name.trim());
    onClose();
  };
  return (
    <Dialog title={<Trans>Save this view</Trans>} onClose={onClose}>
      <form onSubmit={save} className="flex flex-col gap-4 p-4">
        <label className="flex flex-col gap-1 text-sm text-muted">
          <Trans>Name</Trans>
          <input
            value={name}
            maxLength={60}
            onChange={(event) => setName(event.target.value)}
            className="row rounded-(--radius) border border-faint bg-bg px-2.5 text-base text-text"
          />
        </label>
        <p className="text-sm text-muted">
          <Trans>It keeps filters, order and columns, on this device. Its address can be shared as it is.</Trans>
        </p>
        <div className="flex justify-end">
          <Button look="primary" type="submit" disabled={name.trim() === ""}>
            <Trans>Save</Trans>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Saved views, the choice of columns, and the export. */
export default function Tools<T>({ id, columns, rows, search, setSearch }: ToolsProps<T>) {
  const { t } = useLingui();
  const [views, setViews] = useState<readonly SavedView[]>(() => savedViews(id));
  const [saving, setSaving] = useState(false);
  const shown = shownColumns(columns, search.cols);
  const choose = (column: Column<T>, on: boolean) => {
    const ids = columns.filter((each) => (each.id === column.id ? on : shown.includes(each))).map((each) => each.id);
    const initial = shownColumns(columns, undefined).map((each) => each.id);
    setSearch({ cols: ids.length === 0 || ids.join() === initial.join() ? undefined : ids.join() });
  };
  const show = (view: SavedView) => {
    const cleared = Object.fromEntries(Object.keys(search).map((key) => [key, undefined]));
    setSearch({ ...cleared, ...view.search });
  };
  return (
    <>
      <Menu label={t`Views`} icon={ICONS.bookmark} iconOnly>
        {views.map((view) => (
          <MenuItem key={view.name} onClick={() => show(view)}>
            {view.name}
          </MenuItem>
        ))}
        {views.length === 0 ? null : <MenuRule />}
        <MenuItem icon={ICONS.plus} onClick={() => setSaving(true)}>
          <Trans>Save this view</Trans>
        </MenuItem>
        {views.map((view) => (
          <MenuItem key={view.name} icon={ICONS.close} onClick={() => setViews(dropView(id, view.name))}>
            <Trans>Forget {view.name}</Trans>
          </MenuItem>
        ))}
      </Menu>
      <Menu label={t`Columns`} icon={ICONS.columns} iconOnly>
        {columns.map((column) => (
          <MenuCheck key={column.id} checked={shown.includes(column)} onChange={(on) => choose(column, on)}>
            {column.header}
          </MenuCheck>
        ))}
      </Menu>
      <Button
        look="quiet"
        icon={ICONS.download}
        aria-label={t`Download as CSV`}
        onClick={() => saveFile(`${id}.csv`, toCsv(rows, columns), "text/csv")}
      />
      {saving ? (
        <SaveDialog onClose={() => setSaving(false)} onSave={(name) => setViews(saveView(id, name, search))} />
      ) : null}
    </>
  );
}
