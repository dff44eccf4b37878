import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Shell } from "../shell/shell.tsx";
import { loadWordsOf } from "./messages.ts";
import { NotFound, Pending, RouteFailure } from "./outcomes.tsx";
import { SCREENS } from "./screens.ts";

const root = createRootRoute({ component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  // Browsing needs nobody to sign in.
  beforeLoad: () => {
    throw redirect({ to: "/market", replace: true });
  },
});

const screens = SCREENS.map(({ name, screen }) =>
  createRoute({
    getParentRoute: () => root,
    path: screen.path,
    ...(screen.search === undefined
      ? {}
      : { validateSearch: (search: Record<string, unknown>) => screen.search?.parse(search) as Record<string, unknown> }),
    component: lazyRouteComponent(screen.page),
    loader: () => loadWordsOf(name),
    staticData: { name },
  }),
);

/** The router over every screen. Each has its own pending, failed and not-found page inside the shell. */
export const router = createRouter({
  routeTree: root.addChildren([home, ...screens]),
  defaultPreload: "intent",
  defaultPendingMs: 150,
  defaultPendingComponent: Pending,
  defaultErrorComponent: RouteFailure,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});
