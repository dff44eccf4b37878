/** What this browser keeps under a name; null where it keeps nothing, or where storage is forbidden. */
export function readKept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text under a name. False where storage is forbidden or full: then it lasts as long as the page. */
export function writeKept(key: string, text: string): boolean {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
