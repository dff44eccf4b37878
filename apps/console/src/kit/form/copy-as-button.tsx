import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ICONS } from "../ui/icon.tsx";
import { Choice } from "./choice.tsx";

/** The same act in other words. What a form has no command for is left out. */
export interface SameAs {
  readonly cli?: string;
  readonly sdk?: string;
  readonly yaml?: string;
}

const NAMES = { cli: "CLI", sdk: "SDK", yaml: "YAML" } as const;

function CopyDialog({ same, onClose }: { readonly same: SameAs; readonly onClose: () => void }) {
  const { t } = useLingui();
  const ways = (["cli", "sdk", "yaml"] as const).filter((way) => same[way] !== undefined);
  const [way, setWay] = useState(ways[0] ?? "sdk");
  const text = same[way]?.trim() ?? "";
  return (
    <Dialog title={<Trans>The same in other words</Trans>} onClose={onClose}>
      <div className="flex flex-col gap-3 p-4">
        <Choice label={t`As`} value={way} options={ways.map((each) => [each, NAMES[each]])} onChange={setWay} />
        <div className="flex items-start rounded-(--radius) border border-line bg-bg">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <pre tabIndex={0} className="scroll-thin max-h-80 min-w-0 flex-1 overflow-auto p-3 font-mono text-sm">
            {text}
          </pre>
          <CopyButton text={text} className="m-2" />
        </div>
      </div>
    </Dialog>
  );
}

/** Shows what is filled in as a command, a call or a file. */
export function CopyAs({ same }: { readonly same: SameAs }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button look="quiet" icon={ICONS.copy} onClick={() => setOpen(true)}>
        <Trans>Copy as</Trans>
      </Button>
      {open ? <CopyDialog same={same} onClose={() => setOpen(false)} /> : null}
    </>
  );
}
