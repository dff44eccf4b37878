/**
 * The first part of every path that is a screen of the console: the coordinator answers these, and what lies below them,
 * with the console's page, and everything else that it does not know with a problem.
 */
export const CONSOLE_PATHS: readonly string[] = [
  "start",
  "market",
  "new",
  "w",
  "billing",
  "provider",
  "network",
  "settings",
];
