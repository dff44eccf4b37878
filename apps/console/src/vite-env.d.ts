/// <reference types="vite/client" />

declare module "*.po" {
  import type { Messages } from "@lingui/core";
  export const messages: Messages;
}

declare module "#gallery" {
  import type { FoundScreens } from "./app/screen.ts";
  export const gallery: FoundScreens;
}
