import { existsSync } from "node:fs";
import { lastLine, quietly } from "./commands.mjs";
import { during, SetupError } from "./progress.mjs";

/** What the system has to bring: a command that shows that it is there, and the Debian packages that bring it. */
const WANTED = [
  { what: "bubblewrap (the sandbox)", test: ["bwrap", "--version"], packages: ["bubblewrap"] },
  { what: "setpriv (drops privileges)", test: ["setpriv", "--version"], packages: ["util-linux"] },
  {
    what: "mkfs.ext4 (workspaces of a fixed size)",
    file: "/usr/sbin/mkfs.ext4",
    alternative: "/sbin/mkfs.ext4",
    packages: ["e2fsprogs"],
  },
  {
    what: "python3 with numpy and scikit-learn (for the example)",
    file: "/usr/lib/python3/dist-packages/sklearn",
    test: ["/usr/bin/python3", "-c", "import numpy, sklearn"],
    packages: ["python3", "python3-numpy", "python3-sklearn"],
  },
];

/**
 * What only tests need: the compilers that show that the committed init is what its source compiles to, what sets the
 * clock of a process wrong, and a browser.
 */
const WANTED_BY_TESTS = [
  { what: "gcc (rebuilds init)", test: ["gcc", "--version"], packages: ["gcc"] },
  {
    what: "gcc for arm64 (rebuilds init)",
    test: ["aarch64-linux-gnu-gcc", "--version"],
    packages: ["gcc-aarch64-linux-gnu"],
  },
  {
    what: "Linux headers for arm64 (rebuild init)",
    file: "/usr/aarch64-linux-gnu/include/asm/unistd.h",
    packages: ["linux-libc-dev-arm64-cross"],
  },
  {
    what: "libfaketime (sets clocks wrong)",
    file: "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    alternative: "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    packages: ["libfaketime"],
  },
  { what: "chromium (opens the console)", file: "/usr/bin/chromium", packages: ["chromium"] },
  {
    what: "Korean letters (for the console's screenshots)",
    file: "/usr/share/fonts/truetype/nanum/NanumGothic.ttf",
    packages: ["fonts-nanum"],
  },
];

async function isThere({ test, file, alternative }) {
  // Looking for a file is quick; importing scikit-learn takes a second.
  if (file !== undefined && (existsSync(file) || (alternative !== undefined && existsSync(alternative)))) return true;
  return test !== undefined && (await quietly(test[0], test.slice(1))).code === 0;
}

/**
 * Looks for what the system has to bring; resolves with what installs the rest, where apt may be used. Otherwise rejects
 * with one line that says what to install.
 * `tests`: also what only tests need.
 */
export async function missingSystemPackages({ tests }) {
  const wanted = tests ? [...WANTED, ...WANTED_BY_TESTS] : WANTED;
  const found = await Promise.all(wanted.map(isThere));
  const missing = wanted.filter((_, i) => !found[i]);
  if (missing.length === 0) return async () => {};
  const packages = missing.flatMap((m) => m.packages);
  const lacks = missing.map((m) => m.what).join(", ");
  const apt = existsSync("/usr/bin/apt-get");
  if (process.getuid?.() !== 0 || !apt) {
    const how = apt ? `sudo apt-get install ${packages.join(" ")}` : `install the equivalents of ${packages.join(" ")}`;
    throw new SetupError(`This machine lacks ${lacks}. Run: ${how}`);
  }
  const work = async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = () =>
      quietly("apt-get", ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", ...packages], {
        env,
      });
    const first = await install();
    if (first.code === 0) return;
    const update = await quietly("apt-get", ["update"], { env });
    const second = await install();
    if (second.code === 0) return;
    throw new SetupError(
      `apt could not install ${packages.join(" ")}: ${lastLine(update.code === 0 ? second.said : update.said)}`,
    );
  };
  return () => during(`system packages: ${packages.join(" ")}`, work);
}
