import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { OutputRefusal } from "@corepool/core/ports/runtime";

/** A tree that a hostile workload may leave, and what collecting its outputs must make of it. */
export interface HostileTree {
  readonly name: string;
  /** Making it needs root. */
  readonly root?: true;
  /** @param work the workspace, with an empty `outputs` @param outside a directory of the host with a file `secret` */
  readonly make: (work: string, outside: string) => void;
  readonly files: readonly string[];
  readonly refused: readonly OutputRefusal[];
}

/** Bounds that the corpus is collected under. */
export const TREE_BOUNDS = { maxFiles: 40, maxDepth: 32, maxTotalBytes: 2 ** 30 };

const python = (code: string, ...args: string[]): void => void execFileSync("python3", ["-c", code, ...args]);
const fifo = (path: string): void => python("import os,sys; os.mkfifo(sys.argv[1])", path);
const out = (work: string, ...path: string[]): string => join(work, "outputs", ...path);

function put(path: string, text: string | Uint8Array = "x"): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
function sparse(path: string, bytes: number): void {
  const file = openSync(path, "w");
  ftruncateSync(file, bytes);
  closeSync(file);
}
function replaceOutputs(work: string): string {
  rmSync(out(work), { recursive: true });
  return out(work);
}
const linked = (name: string, target: (work: string, outside: string) => string): HostileTree => ({
  name,
  make: (work, outside) => symlinkSync(target(work, outside), out(work, "link")),
  files: [],
  refused: ["symlink"],
});
const named = (name: string, file: string, ...refused: OutputRefusal[]): HostileTree => ({
  name,
  make: (work) => put(out(work, file)),
  files: refused.length === 0 ? [file] : [],
  refused,
});
/** A name of bytes that need not be text. */
const bytesNamed = (name: string, bytes: string): HostileTree => ({
  name,
  make: (work) =>
    python("import os,sys; open(os.fsencode(sys.argv[1])+b'/'+bytes.fromhex(sys.argv[2]),'w')", out(work), bytes),
  files: [],
  refused: ["bad-name"],
});
const twins = (name: string, files: readonly string[], kept: readonly string[]): HostileTree => ({
  name,
  make: (work) => {
    for (const file of files) put(out(work, file));
  },
  files: kept,
  refused: ["twin-name"],
});
const device = (name: string, ...type: string[]): HostileTree => ({
  name,
  root: true,
  make: (work) => execFileSync("mknod", [out(work, "node"), ...type]),
  files: [],
  refused: ["special-file"],
});

const links: readonly HostileTree[] = [
  linked("a link to a file of the host", (_, outside) => join(outside, "secret")),
  linked("a link to a directory of the host", (_, outside) => outside),
  linked("a link to the root", () => "/"),
  linked("a link upwards", () => "../../../../../../etc/passwd"),
  linked("a link to itself", () => "link"),
  linked("a link to nothing", () => "/nonexistent"),
  linked("a link to a process's memory", () => "/proc/self/mem"),
  linked("a link to an environment", () => "/proc/self/environ"),
  linked("a link to an endless device", () => "/dev/zero"),
  linked("a link to an open descriptor", () => "/proc/self/fd/0"),
  linked("a link within the workspace", (work) => join(work, "other")),
  {
    name: "a chain of links",
    make: (work, outside) => {
      symlinkSync(outside, out(work, "a"));
      symlinkSync("a", out(work, "b"));
      symlinkSync("b/secret", out(work, "c"));
    },
    files: [],
    refused: ["symlink", "symlink", "symlink"],
  },
  {
    name: "a link in a directory, beside a file",
    make: (work, outside) => {
      put(out(work, "a/b/f"));
      symlinkSync(outside, out(work, "a/b/g"));
    },
    files: ["a/b/f"],
    refused: ["symlink"],
  },
  {
    name: "a hard link to a file of the host",
    make: (work, outside) => linkSync(join(outside, "secret"), out(work, "twice")),
    files: [],
    refused: ["hardlink"],
  },
  {
    name: "a hard link to another part of the workspace",
    make: (work) => {
      put(join(work, "other"));
      linkSync(join(work, "other"), out(work, "twice"));
    },
    files: [],
    refused: ["hardlink"],
  },
  {
    name: "two names of one output",
    make: (work) => {
      put(out(work, "one"));
      linkSync(out(work, "one"), out(work, "two"));
    },
    files: [],
    refused: ["hardlink", "hardlink"],
  },
  {
    name: "a hard link deep down",
    make: (work, outside) => {
      mkdirSync(out(work, "a/b/c"), { recursive: true });
      linkSync(join(outside, "secret"), out(work, "a/b/c/secret"));
    },
    files: [],
    refused: ["hardlink"],
  },
];

const special: readonly HostileTree[] = [
  {
    name: "a FIFO",
    make: (work) => fifo(out(work, "fifo")),
    files: [],
    refused: ["special-file"],
  },
  {
    name: "a FIFO where a result was expected, in a directory",
    make: (work) => {
      put(out(work, "a/f"));
      fifo(out(work, "a/model.bin"));
    },
    files: ["a/f"],
    refused: ["special-file"],
  },
  {
    name: "a socket",
    make: (work) =>
      python("import os,socket,sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind('s')", out(work)),
    files: [],
    refused: ["special-file"],
  },
  device("a character device that never ends", "c", "1", "5"),
  device("a character device with memory in it", "c", "1", "1"),
  device("a block device", "b", "7", "0"),
];

const sizes: readonly HostileTree[] = [
  {
    name: "a sparse file of a terabyte",
    make: (work) => sparse(out(work, "big"), 2 ** 40),
    files: [],
    refused: ["too-large"],
  },
  {
    name: "sparse files that are too much together",
    make: (work) => {
      for (const name of ["a", "b", "c"]) sparse(out(work, name), 2 ** 29 + 1);
    },
    files: ["*"],
    refused: ["too-large", "too-large"],
  },
  {
    name: "one byte after a terabyte of nothing",
    make: (work) => {
      const file = openSync(out(work, "far"), "w");
      writeSync(file, "x", 2 ** 40);
      closeSync(file);
    },
    files: [],
    refused: ["too-large"],
  },
  { name: "an empty file", make: (work) => put(out(work, "empty"), ""), files: ["empty"], refused: [] },
  {
    name: "more files than may be published",
    make: (work) => {
      for (let i = 0; i < 60; i++) put(out(work, `f${i}`), "");
    },
    files: ["*"],
    refused: ["too-many"],
  },
  {
    name: "more links than are looked at",
    make: (work) => {
      for (let i = 0; i < 90; i++) symlinkSync("/", out(work, `l${i}`));
    },
    files: [],
    refused: ["symlink", "too-many"],
  },
  {
    name: "entries beyond counting, in many directories",
    make: (work) => {
      for (let d = 0; d < 10; d++)
        for (let i = 0; i < 20; i++) mkdirSync(out(work, `d${d}/e${i}`), { recursive: true });
    },
    files: [],
    refused: ["too-many"],
  },
  {
    name: "thirty-two directories down",
    make: (work) => put(out(work, ...Array<string>(31).fill("d"), "f")),
    files: [`${"d/".repeat(31)}f`],
    refused: [],
  },
  {
    name: "thirty-three directories down",
    make: (work) => put(out(work, ...Array<string>(32).fill("d"), "f")),
    files: [],
    refused: ["too-deep"],
  },
  {
    name: "hundreds of directories down",
    make: (work) => mkdirSync(out(work, ...Array<string>(300).fill("dd")), { recursive: true }),
    files: [],
    refused: ["too-deep"],
  },
  {
    name: "a path that is too long for the wire",
    make: (work) => put(out(work, ..."abcdef".split("").map((letter) => letter.repeat(200)), "f")),
    files: [],
    refused: ["bad-name"],
  },
];

const names: readonly HostileTree[] = [
  named("a backslash", "a\\b", "bad-name"),
  named("a way up for another system", "..\\..\\secret", "bad-name"),
  named("a newline", "a\nb", "bad-name"),
  named("a carriage return", "a\rb", "bad-name"),
  named("a tab", "a\tb", "bad-name"),
  named("an escape sequence", "a\u001b[2Jb", "bad-name"),
  named("a delete character", "a\u007fb", "bad-name"),
  named("a control character beyond ASCII", "a\u0085b", "bad-name"),
  named("a replacement character", "a\ufffdb", "bad-name"),
  bytesNamed("bytes that are no text", "61ff62"),
  bytesNamed("half of a character", "61c3"),
  bytesNamed("an overlong encoding of a slash", "c0af"),
  bytesNamed("an overlong encoding of a dot", "c0ae"),
  bytesNamed("half of a surrogate pair", "eda080"),
  bytesNamed("a newline alone", "0a"),
  named("three dots", "..."),
  named("two dots and more", "..f"),
  named("a leading dash", "-rf"),
  named("a tilde", "~"),
  named("a pattern", "*"),
  named("a variable", "$(reboot)"),
  named("the longest name", "f".repeat(255)),
  twins("names that differ by case", ["Model", "model"], ["Model"]),
  twins("names that differ by a sharp s", ["STRASSE", "straße"], ["STRASSE"]),
  twins("directories that differ by case, with one file each", ["A/f", "a/f"], ["A/f"]),
  twins("a file and a directory that differ by case", ["A", "a/f"], ["A"]),
  twins("names that differ by how an accent is written", ["e\u0301", "\u00e9"], ["e\u0301"]),
  twins("the Kelvin sign and a letter", ["k", "\u212a"], ["k"]),
];

const roots: readonly HostileTree[] = [
  { name: "no outputs at all", make: (work) => void replaceOutputs(work), files: [], refused: [] },
  {
    name: "a link in place of the outputs",
    make: (work, outside) => symlinkSync(outside, replaceOutputs(work)),
    files: [],
    refused: [],
  },
  { name: "a file in place of the outputs", make: (work) => put(replaceOutputs(work)), files: [], refused: [] },
  {
    name: "a FIFO in place of the outputs",
    make: (work) => fifo(replaceOutputs(work)),
    files: [],
    refused: [],
  },
  {
    name: "a file that would run as its owner",
    make: (work) => {
      put(out(work, "tool"));
      chmodSync(out(work, "tool"), 0o6755);
    },
    files: ["tool"],
    refused: [],
  },
];

export const HOSTILE_TREES: readonly HostileTree[] = [...links, ...special, ...sizes, ...names, ...roots];
