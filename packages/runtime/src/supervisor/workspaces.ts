import { chmod, chown, mkdir, open, readFile, rmdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { MissingCapability } from "@corepool/core/ports/runtime";
import type { Preparation } from "../adapters/bubblewrap/preparation.ts";
import { system } from "./command.ts";
import type { SystemUser } from "./user.ts";

export interface PreparedWorkspaces {
  readonly slots: Preparation["slots"];
  readonly missing: MissingCapability | null;
  /** Unmounts the workspaces for which `inUse` is false; their images, with what is in them, stay. */
  release(inUse: (slot: string) => Promise<boolean>): Promise<void>;
}

/** Whether something is mounted at exactly this directory. */
async function isMounted(directory: string): Promise<boolean> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table.split("\n").some((line) => line.split(" ")[4]?.replace(/\\040/g, " ") === directory);
}

/** A sparse file of the asked size with an empty ext4 in it. An image of another size is made anew. */
async function makeImage(image: string, bytes: number, user: SystemUser): Promise<void> {
  if ((await stat(image).catch(() => null))?.size === bytes) return;
  await unlink(image).catch(() => undefined);
  const partial = `${image}.partial`;
  const file = await open(partial, "w", 0o600);
  try {
    await file.truncate(bytes);
  } finally {
    await file.close();
  }
  await system("mke2fs", [
    "-q",
    "-t",
    "ext4",
    "-m",
    "0",
    "-E",
    `root_owner=${user.uid}:${user.gid},lazy_itable_init=1`,
    partial,
  ]);
  await system("mv", [partial, image]);
}

async function mount(image: string, directory: string, user: SystemUser): Promise<void> {
  // discard: deleting a workload's files gives the space of the sparse image back to the host.
  await system("mount", ["-t", "ext4", "-o", "loop,nosuid,nodev,discard", image, directory]);
  await rmdir(join(directory, "lost+found")).catch(() => undefined);
  await chown(directory, user.uid, user.gid);
  await chmod(directory, 0o700);
}

/**
 * One workspace per slot, each a file system of its own size, so that a workload cannot fill the host's disk. A mount
 * of an earlier supervisor is taken over as it is: a sandbox may live in it. Where loop devices are missing, plain
 * directories take their place and the result says so.
 */
export async function prepareWorkspaces(
  base: string,
  slots: number,
  bytes: number,
  user: SystemUser,
): Promise<PreparedWorkspaces> {
  const size = Math.ceil(bytes / 4096) * 4096;
  const prepared: Preparation["slots"] = [];
  let missing: MissingCapability | null = null;
  await mkdir(join(base, "images"), { recursive: true, mode: 0o700 });
  for (let i = 0; i < slots; i++) {
    const slot = `slot-${i}`;
    const directory = join(base, "workspaces", slot);
    const image = join(base, "images", `${slot}.ext4`);
    await mkdir(directory, { recursive: true });
    let diskBytes: number | null = size;
    if (await isMounted(directory)) diskBytes = (await stat(image)).size;
    else {
      try {
        await makeImage(image, size, user);
        await mount(image, directory, user).catch(async () => {
          // A damaged image: what was in it is lost either way.
          await unlink(image);
          await makeImage(image, size, user);
          await mount(image, directory, user);
        });
      } catch (error) {
        diskBytes = null;
        missing = {
          what: "workspace-quota",
          line: `Workspaces of their own size cannot be mounted (${error instanceof Error ? error.message : String(error)}): disk use is watched and not enforced by the kernel.`,
          fatal: false,
        };
        await chown(directory, user.uid, user.gid);
        await chmod(directory, 0o700);
      }
    }
    prepared.push({ slot, directory, diskBytes });
  }
  return {
    slots: prepared,
    missing,
    async release(inUse) {
      for (const { slot, directory } of prepared) {
        if ((await isMounted(directory)) && !(await inUse(slot)))
          await system("umount", [directory]).catch(() => undefined);
      }
    },
  };
}
