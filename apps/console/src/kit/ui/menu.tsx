import { Menu as Base } from "@base-ui/react/menu";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { ICONS, Icon } from "./icon.tsx";

const ITEM =
  "row flex cursor-default items-center gap-2 rounded px-2.5 text-sm outline-none data-highlighted:bg-raised";

/** A button that opens a menu. */
export function Menu({
  label,
  icon,
  iconOnly = false,
  children,
}: {
  readonly label: string;
  readonly icon: string;
  readonly iconOnly?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Base.Root>
      <Base.Trigger
        render={
          iconOnly ? (
            <Button look="quiet" icon={icon} aria-label={label} />
          ) : (
            <Button look="quiet" icon={icon}>
              {label}
            </Button>
          )
        }
      />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-50">
          <Base.Popup className="scroll-thin max-h-[60dvh] min-w-44 animate-appear overflow-y-auto rounded-(--radius) bg-surface p-1 shadow-overlay outline-none">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem({
  children,
  onClick,
  icon,
}: {
  readonly children: ReactNode;
  readonly onClick: () => void;
  readonly icon?: string;
}) {
  return (
    <Base.Item onClick={onClick} className={ITEM}>
      {icon === undefined ? null : <Icon path={icon} className="text-faint" />}
      {children}
    </Base.Item>
  );
}

export function MenuCheck({
  children,
  checked,
  onChange,
}: {
  readonly children: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  return (
    <Base.CheckboxItem checked={checked} onCheckedChange={onChange} closeOnClick={false} className={ITEM}>
      <span className="inline-flex size-4 items-center justify-center">
        <Base.CheckboxItemIndicator>
          <Icon path={ICONS.check} />
        </Base.CheckboxItemIndicator>
      </span>
      {children}
    </Base.CheckboxItem>
  );
}

export function MenuRule() {
  return <Base.Separator className="my-1 h-px bg-line" />;
}
