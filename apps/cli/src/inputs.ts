import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import { workspacePath } from "@corepool/protocol/primitives";
import type { BlobSource } from "@corepool/sdk/blobs";
import { systemCode } from "./files.ts";

const MAX_FILES = 1000;

/** A local file that becomes an input of a job. */
export interface InputFile {
  /** Where it appears under /work. */
  readonly path: string;
  readonly local: string;
  readonly executable: boolean;
  readonly blob: BlobSource;
}

function leaves(detail: string): never {
  throw new CorepoolError("path-escape", {
    detail,
    next: "Name a path inside the working directory, without .. and without a leading slash.",
  });
}

function checkPath(path: string): string {
  const clean = path.replace(/^\.\//, "");
  if (isAbsolute(clean) || clean.split("/").includes(".."))
    leaves(`The input path "${path}" leaves the working directory.`);
  const parsed = workspacePath.safeParse(clean);
  if (!parsed.success)
    throw new CorepoolError("bad-usage", {
      detail: `"${path}" cannot be an input's path: ${parsed.error.issues[0]?.message}.`,
    });
  if (clean === "outputs" || clean.startsWith("outputs/"))
    throw new CorepoolError("bad-usage", { detail: "An input cannot lie under outputs/: the job writes there." });
  return clean;
}

async function inputOf(path: string, local: string): Promise<InputFile> {
  const info = await stat(local);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(local)) hash.update(chunk as Buffer);
  return {
    path: checkPath(path),
    local,
    executable: (info.mode & 0o111) !== 0,
    blob: {
      hash: `sha256:${hash.digest("hex")}` as BlobHash,
      sizeBytes: info.size,
      read: (start, end) => readPart(local, start, end),
    },
  };
}

async function readPart(local: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(local, "r");
  try {
    const bytes = new Uint8Array(end - start);
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0)
        throw new CorepoolError("bad-usage", { detail: `${local} became shorter while it was read.` });
      done += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** All regular files below a folder. A link that leads out of it is refused: it would send what was not named. */
async function walk(root: string, under: string, found: string[]): Promise<void> {
  for (const entry of await readdir(join(root, under), { withFileTypes: true })) {
    const name = under === "" ? entry.name : `${under}/${entry.name}`;
    const full = join(root, name);
    if (entry.isSymbolicLink()) {
      const target = await realpath(full).catch(() => undefined);
      if (target === undefined || relative(await realpath(root), target).startsWith(".."))
        leaves(`${full} is a link that leads out of ${root}.`);
      if ((await stat(full)).isFile()) found.push(name);
      continue;
    }
    if (entry.isDirectory()) await walk(root, name, found);
    else if (entry.isFile()) found.push(name);
    if (found.length > MAX_FILES)
      throw new CorepoolError("bad-usage", {
        detail: `${root} holds more than ${MAX_FILES} files.`,
        next: "Pack them into one archive and unpack it in the job.",
      });
  }
}

/** `--input path=local`: a file, or every file of a folder. */
export async function namedInputs(pairs: readonly string[], cwd: string): Promise<InputFile[]> {
  const inputs: InputFile[] = [];
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1)
      throw new CorepoolError("bad-usage", {
        detail: `--input "${pair}" is not an input.`,
        next: "Write it like --input data.csv=./data.csv: the path in the job, then the local file or folder.",
      });
    const path = checkPath(pair.slice(0, at).replace(/\/+$/, ""));
    const local = resolve(cwd, pair.slice(at + 1));
    const info = await stat(local).catch((error: unknown) => {
      throw new CorepoolError("bad-usage", {
        detail: `The input ${local} cannot be read (${systemCode(error) ?? "error"}).`,
        next: "Check the path after the = sign.",
      });
    });
    if (!info.isDirectory()) {
      inputs.push(await inputOf(path, local));
      continue;
    }
    const names: string[] = [];
    await walk(local, "", names);
    for (const name of names.sort()) inputs.push(await inputOf(`${path}/${name}`, join(local, name)));
  }
  return inputs;
}

/** Words of the command that name an existing file inside the current folder: they are uploaded at the same path. */
export async function inputsOfCommand(
  command: readonly string[],
  cwd: string,
  taken: ReadonlySet<string>,
): Promise<InputFile[]> {
  const inputs: InputFile[] = [];
  const seen = new Set(taken);
  for (const word of command) {
    if (word === "" || word.startsWith("-") || isAbsolute(word)) continue;
    const local = resolve(cwd, word);
    const path = relative(cwd, local).split(sep).join("/");
    if (path === "" || path.startsWith("..") || seen.has(path) || !workspacePath.safeParse(path).success) continue;
    const info = await lstat(local).catch(() => undefined);
    if (info?.isFile() !== true) continue;
    seen.add(path);
    inputs.push(await inputOf(path, local));
  }
  return inputs;
}
