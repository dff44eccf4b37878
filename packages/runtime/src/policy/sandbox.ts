/**
 * What a sandbox is made of, as a value; `bubblewrapArguments` turns it into a command line. Everything that is not
 * listed here does not exist inside: no host root, no home directories, no devices but null, zero, random and tty, no
 * network, no privileges, no namespaces to make new ones in.
 */
export interface SandboxPolicy {
  /** Synthetic /etc, see `syntheticEtc`; the host's alternatives and linker cache are laid over it where they exist. */
  readonly etc: string;
  /** Host files of /etc that programs of /usr need to find their libraries; nothing in them is a secret. */
  readonly etcFromHost: readonly string[];
  /** Directory that becomes /work, the only place where writing outlives the sandbox. */
  readonly workspace: string;
  readonly inputs: readonly { readonly path: string; readonly hostFile: string }[];
  /** Our init, visible inside at `INIT_INSIDE`. */
  readonly init: string;
  /** Distinguishes this sandbox's init from any other process on the host. */
  readonly id: string;
  readonly tmpBytes: number;
  readonly sharedMemoryBytes: number;
  readonly network: "none";
}

/** Where the sandbox's init is seen inside. */
export const INIT_INSIDE = "/run/corepool-init";
/** User and group inside; outside it is the agent's own ordinary user. */
export const UID_INSIDE = 1000;
/** Descriptors that `init launch` hands to bwrap. */
const [FILTER_FD, INFO_FD] = ["7", "8"];

/** Files of the synthetic /etc by name. Directories end in `/` and are mount points. */
export const syntheticEtc: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/:/usr/sbin/nologin\nworker:x:${UID_INSIDE}:${UID_INSIDE}:Corepool workload:/work:/bin/sh\n`,
  group: `root:x:0:\nworker:x:${UID_INSIDE}:\n`,
  hosts: "127.0.0.1 localhost corepool\n::1 localhost\n",
  hostname: "corepool\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
  "ld.so.cache": "",
  "alternatives/": "",
};

/** Arguments of bwrap, after its own name and before nothing: the command is always our init as process 1. */
export function bubblewrapArguments(policy: SandboxPolicy): string[] {
  return [
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--new-session",
    "--as-pid-1",
    "--uid",
    String(UID_INSIDE),
    "--gid",
    String(UID_INSIDE),
    "--cap-drop",
    "ALL",
    "--hostname",
    "corepool",
    "--clearenv",
    "--seccomp",
    FILTER_FD,
    "--info-fd",
    INFO_FD,
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/bin",
    "/bin",
    "--symlink",
    "usr/sbin",
    "/sbin",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--ro-bind",
    policy.etc,
    "/etc",
    ...policy.etcFromHost.flatMap((path) => ["--ro-bind", path, path]),
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--size",
    String(policy.sharedMemoryBytes),
    "--tmpfs",
    "/dev/shm",
    "--remount-ro",
    "/dev",
    "--size",
    String(policy.tmpBytes),
    "--tmpfs",
    "/tmp",
    "--bind",
    policy.workspace,
    "/work",
    ...policy.inputs.flatMap(({ path, hostFile }) => ["--ro-bind", hostFile, `/work/${path}`]),
    "--ro-bind",
    policy.init,
    INIT_INSIDE,
    "--remount-ro",
    "/",
    "--chdir",
    "/work",
    "--",
    INIT_INSIDE,
    "serve",
    policy.id,
  ];
}
