/// <reference types="vite/client" />

declare module "*.po" {
  import type { Messages } from "@lingui/core";
  export const messages: Messages;
}

declare module "#gallery" {
  import type { FoundPages, FoundScreens } from "./app/screen.ts";
  export const gallery: FoundScreens;
  export const galleryPages: FoundPages;
}
