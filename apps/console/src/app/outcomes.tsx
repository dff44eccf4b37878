import { Trans } from "@lingui/react/macro";
import { Failure, Skeleton } from "../kit/ui/states.tsx";
import { Link } from "./link.tsx";

/** While a screen's code is on its way. */
export function Pending() {
  return (
    <div className="flex flex-col gap-3 px-4 py-4 md:px-6">
      <Skeleton className="h-7 w-48" />
      <Skeleton className="h-4 w-80 max-w-full" />
    </div>
  );
}

/** A screen that broke: the rest of the console goes on. */
export function ScreenFailure({ error, again }: { readonly error: unknown; readonly again: () => void }) {
  return <Failure error={error} again={again} />;
}

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <div className="flex flex-col items-start gap-2 px-4 py-10 md:px-6">
      <h1 className="text-lg font-semibold" tabIndex={-1} data-page-title>
        <Trans>There is no such page</Trans>
      </h1>
      <p className="text-muted">
        <Trans>The address may be mistyped, or what it named is gone.</Trans>
      </p>
      <Link to="/market" className="mt-2 text-accent underline underline-offset-2">
        <Trans>Go to the market</Trans>
      </Link>
    </div>
  );
}
