import { randomBytes } from "node:crypto";
import { constants, createWriteStream } from "node:fs";
import { access, lstat, mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CorepoolError } from "@corepool/core/errors";
import { workspacePath } from "@corepool/protocol/primitives";
import type { OutputFile } from "@corepool/protocol/spec";
import { downloadBlob } from "@corepool/sdk/blobs";
import type { Client } from "@corepool/sdk/client";

function refuse(path: string, why: string): never {
  throw new CorepoolError("path-escape", {
    detail: `The output "${path}" was not written: ${why}.`,
    next: "The job chose that name; nothing was written outside the outputs folder.",
  });
}

/**
 * Makes a folder for outputs, with those above it, where it is not there yet. Step by step: asked to make a whole path
 * below /proc, Node tries for ever. Rejects with `bad-usage` where nothing can be written.
 */
export async function outputFolder(path: string): Promise<void> {
  const whole = resolve(path);
  try {
    const steps = whole.split(sep).map((_, i, all) => all.slice(0, i + 1).join(sep) || sep);
    for (const step of steps) {
      const there = await stat(step).catch(() => undefined);
      if (there === undefined) await mkdir(step);
      else if (!there.isDirectory()) throw new Error(`${step} is a file`);
    }
    await access(whole, constants.W_OK);
  } catch (error) {
    throw new CorepoolError("bad-usage", {
      detail: `Outputs cannot be written to ${path}: ${error instanceof Error ? error.message : String(error)}.`,
      next: "Name a folder that you may write to; the files stay with the coordinator meanwhile.",
    });
  }
}

/** The folder of a file, made step by step: no step may be a link, whoever put it there. */
async function folderFor(root: string, path: string): Promise<string> {
  let folder = await realpath(root);
  for (const part of dirname(path).split("/")) {
    if (part === ".") continue;
    folder = join(folder, part);
    await mkdir(folder).catch(() => undefined);
    const info = await lstat(folder);
    if (!info.isDirectory()) refuse(path, `${folder} is not a folder`);
  }
  if (relative(await realpath(root), folder).split(sep)[0] === "..") refuse(path, "it leaves the folder");
  return folder;
}

/**
 * Downloads outputs into a folder. Each file appears under its name only after its bytes were verified against its
 * hash; a name that would leave the folder is refused with `path-escape`.
 */
export async function downloadOutputs(
  client: Client,
  outputs: readonly OutputFile[],
  root: string,
  signal?: AbortSignal,
): Promise<readonly { readonly path: string; readonly file: string }[]> {
  for (const { path } of outputs) {
    if (!workspacePath.safeParse(path).success) refuse(path, "it is not a plain relative path");
  }
  await outputFolder(root);
  const written: { path: string; file: string }[] = [];
  for (const output of outputs) {
    const folder = await folderFor(root, output.path);
    const file = join(folder, output.path.slice(output.path.lastIndexOf("/") + 1));
    const existing = await lstat(file).catch(() => undefined);
    if (existing !== undefined && !existing.isFile()) refuse(output.path, `${file} is there and is not a file`);
    const fresh = join(folder, `.corepool-${randomBytes(6).toString("hex")}`);
    try {
      await pipeline(
        Readable.from(downloadBlob(client, output.hash, output.sizeBytes, signal)),
        createWriteStream(fresh, { flags: "wx" }),
      );
      await rename(fresh, file);
    } finally {
      await rm(fresh, { force: true });
    }
    written.push({ path: output.path, file });
  }
  return written;
}
