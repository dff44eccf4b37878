/** What is shown instead of saved, at most, bytes. */
export const MOST_SHOWN_BYTES = 256 * 2 ** 10;

const IMAGES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  svg: "image/svg+xml",
};

/** The type of an image, by its name; undefined for everything else. */
export function imageTypeOf(path: string): string | undefined {
  return IMAGES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
}

/** The last part of a path: what a saved file is called. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Bytes that no text has: control characters other than tab, line ends, form feed and escape. */
const isControl = (byte: number): boolean => byte < 9 || (byte > 13 && byte < 27);

/** The text that bytes are; undefined when they are no UTF-8 or hold characters that no text has. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.some(isControl)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
