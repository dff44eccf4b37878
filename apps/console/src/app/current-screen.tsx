import { Component, type ReactNode, Suspense, useDeferredValue, useMemo } from "react";
import { readSearch } from "./match.ts";
import { pageOf, screenAt } from "./match-screens.ts";
import { NotFound, Pending, ScreenFailure } from "./outcomes.tsx";
import { place } from "./place.ts";
import { ScreenContext } from "./screen.ts";
import { useStore } from "./store.ts";

/** Keeps what breaks in a screen within it: the rest of the console goes on, and so does the next screen. */
class Boundary extends Component<
  { readonly at: string; readonly children: ReactNode },
  { readonly error: unknown; readonly at: string }
> {
  override state: { readonly error: unknown; readonly at: string } = { error: undefined, at: this.props.at };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  static getDerivedStateFromProps(props: { readonly at: string }, state: { readonly at: string }) {
    return props.at === state.at ? null : { error: undefined, at: props.at };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return <ScreenFailure error={this.state.error} again={() => this.setState({ error: undefined })} />;
  }
}

/** The screen of the address. While the next one loads, the one before stays. */
export function CurrentScreen() {
  const here = useDeferredValue(useStore(place));
  const match = useMemo(() => screenAt(here.path), [here.path]);
  const search = useMemo(() => {
    const given = readSearch(here.query);
    return (match?.named.screen.search?.parse(given) ?? given) as object;
  }, [match, here.query]);
  const context = useMemo(() => ({ params: match?.params ?? {}, search }), [match, search]);
  if (match === undefined) return <NotFound />;
  const Page = pageOf(match.named);
  return (
    <Boundary at={here.path}>
      <ScreenContext value={context}>
        <Suspense fallback={<Pending />}>
          <Page />
        </Suspense>
      </ScreenContext>
    </Boundary>
  );
}
