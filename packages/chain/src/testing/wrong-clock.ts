import { existsSync } from "node:fs";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The wall clock of processes that a test starts; their monotonic clocks stay right. */
export interface WrongClock {
  /** Variables of the processes whose clock it is. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it so many seconds ahead of the true time, or (negative) behind, at once. */
  set(seconds: number): Promise<void>;
  end(): Promise<void>;
}

const PLACES = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`,
);

/** A clock that is right until it is set. It is Debian's libfaketime; scripts/setup.mjs installs it. */
export async function wrongClock(): Promise<WrongClock> {
  const library = PLACES.find((place) => existsSync(place));
  if (library === undefined) throw new Error("libfaketime is not installed: run node scripts/setup.mjs");
  const dir = await mkdtemp(join(tmpdir(), "corepool-clock-"));
  await chmod(dir, 0o755);
  const file = join(dir, "time");
  const set = async (seconds: number): Promise<void> => {
    // Read at every look at the clock: never half written.
    await writeFile(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`, { mode: 0o644 });
    await rename(`${file}.new`, file);
  };
  await set(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set,
    end: () => rm(dir, { recursive: true, force: true }),
  };
}
