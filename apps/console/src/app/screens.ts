import { gallery } from "#gallery";
import { type FoundScreens, namedScreens } from "./screen.ts";

/** Every screen: a folder below `screens` with a `screen.ts`. */
export const SCREENS = namedScreens({
  ...import.meta.glob<{ readonly default: FoundScreens[string]["default"] }>("../screens/*/screen.ts", { eager: true }),
  ...gallery,
});
