import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { JournalStore } from "../ports.ts";

/** The journal as a file of JSON lines, readable by its owner only. */
export function journalFile(path: string): JournalStore {
  let file: FileHandle | undefined;
  let torn = false;
  const appending = async (): Promise<FileHandle> => (file ??= await open(path, "a", 0o600));
  return {
    async read() {
      const text = await readFile(path, "utf8").catch((error: unknown) => {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
        throw error;
      });
      // What stands behind the last newline was torn by a crash: nobody was told that it happened.
      return text
        .split("\n")
        .slice(0, -1)
        .filter((line) => line !== "");
    },
    async append(lines) {
      const handle = await appending();
      const separator = torn ? "\n" : "";
      torn = true;
      await handle.appendFile(`${separator}${lines.join("\n")}\n`);
      await handle.datasync();
      torn = false;
    },
    async replace(lines) {
      await file?.close();
      file = undefined;
      const fresh = await open(`${path}.new`, "w", 0o600);
      try {
        await fresh.writeFile(lines.map((line) => `${line}\n`).join(""));
        await fresh.sync();
      } finally {
        await fresh.close();
      }
      await rename(`${path}.new`, path);
      const directory = await open(dirname(path), "r");
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },
    async close() {
      await file?.close();
      file = undefined;
    },
  };
}
