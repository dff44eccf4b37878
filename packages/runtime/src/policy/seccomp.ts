import { assemble, give, type Instruction, load, OP, when } from "./bpf.ts";
import { type Architecture, syscallNumbers } from "./syscalls.ts";

/**
 * The system calls a workload may not make, by what they would give it. Everything else in the table of known calls is
 * allowed (subject to the argument checks below); a call that is not in the table does not exist (ENOSYS).
 */
export const DENIED: Readonly<Record<string, readonly string[]>> = {
  "reading or steering other processes": [
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "process_mrelease",
    "pidfd_getfd",
    "kcmp",
  ],
  "kernel attack surface without need": [
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "memfd_secret",
    "modify_ldt",
    "fanotify_init",
    "fanotify_mark",
    "move_pages",
    "migrate_pages",
    "vhangup",
    "remap_file_pages",
  ],
  "keyrings, which no namespace separates": ["keyctl", "add_key", "request_key"],
  "mounts and namespaces": [
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
  ],
  "files outside the tree by handle": ["name_to_handle_at", "open_by_handle_at", "lookup_dcookie"],
  "the host itself": [
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "query_module",
    "get_kernel_syms",
    "quotactl",
    "quotactl_fd",
    "acct",
    "swapon",
    "swapoff",
    "syslog",
    "iopl",
    "ioperm",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
  ],
  "calls that only old programs know": [
    "nfsservctl",
    "_sysctl",
    "uselib",
    "ustat",
    "sysfs",
    "afs_syscall",
    "tuxcall",
    "vserver",
    "security",
    "getpmsg",
    "putpmsg",
    "epoll_ctl_old",
    "epoll_wait_old",
  ],
};

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (code: number): number => 0x00050000 | code;
const [EPERM, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT] = [errno(1), errno(38), errno(93), errno(97)];

/** Offsets in struct seccomp_data. Of a 64-bit argument we look at the low half: the kernel ignores the rest of these. */
const [NUMBER, ARCHITECTURE] = [0, 4];
const argument = (i: number): number => 16 + 8 * i;

const AUDIT: Readonly<Record<Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACE_FLAGS = 0x7e020000;
/** AF_UNIX, AF_INET, AF_INET6: not netlink, packet, ALG or vsock (which reaches the hypervisor and has no namespace). */
const FAMILIES = [1, 2, 10];
/** Of the internet families: the default, TCP and UDP; not SCTP, DCCP, MPTCP and whatever else loads a module. */
const [AF_INET, AF_INET6, PROTOCOLS] = [2, 10, [0, 6, 17]];
/** Init. It has the workload's own user, so the kernel would let a workload limit, pin and slow it down. */
const INIT = 1;
/** What names one process. Groups and users are not for workloads: init is of them. */
const [PRIO_PROCESS, IOPRIO_PROCESS] = [0, 1];
/** TIOCSTI types into the controlling terminal, TIOCLINUX pastes into a console. */
const TERMINAL_INJECTION = [0x5412, 0x541c];

const oneOf = (values: readonly number[], yes: Instruction[], no: Instruction[]): Instruction[] =>
  values.reduceRight<Instruction[]>((rest, value) => when(OP.jumpEqual, value, yes, rest), no);

/** Leaves init alone: the process is the first argument. */
const notInit = [...load(argument(0)), ...when(OP.jumpEqual, INIT, give(EPERM), give(ALLOW))];

/** The same where the first argument says what kind of number the second one is: one other process, and nothing else. */
const notInitAs = (process: number): Instruction[] => [
  ...load(argument(0)),
  ...when(
    OP.jumpEqual,
    process,
    [...load(argument(1)), ...when(OP.jumpEqual, INIT, give(EPERM), give(ALLOW))],
    give(EPERM),
  ),
];

/** Calls whose arguments decide. */
const CHECKS: Readonly<Record<string, Instruction[]>> = {
  clone: [...load(argument(0)), ...when(OP.jumpIfBits, NAMESPACE_FLAGS, give(EPERM), give(ALLOW))],
  // Its flags are behind a pointer, which a filter cannot follow; C libraries fall back to clone on ENOSYS.
  clone3: give(ENOSYS),
  socket: [
    ...load(argument(0)),
    ...oneOf(
      [AF_INET, AF_INET6],
      [...load(argument(2)), ...oneOf(PROTOCOLS, give(ALLOW), give(EPROTONOSUPPORT))],
      oneOf(FAMILIES, give(ALLOW), give(EAFNOSUPPORT)),
    ),
  ],
  socketpair: [...load(argument(0)), ...oneOf(FAMILIES, give(ALLOW), give(EAFNOSUPPORT))],
  ioctl: [...load(argument(1)), ...oneOf(TERMINAL_INJECTION, give(EPERM), give(ALLOW))],
  // 0 sets what is there already, 0xffffffff only asks.
  personality: [...load(argument(0)), ...oneOf([0, 0xffffffff], give(ALLOW), give(EPERM))],
  prlimit64: notInit,
  sched_setaffinity: notInit,
  sched_setattr: notInit,
  sched_setparam: notInit,
  sched_setscheduler: notInit,
  setpriority: notInitAs(PRIO_PROCESS),
  ioprio_set: notInitAs(IOPRIO_PROCESS),
};

interface Range {
  readonly from: number;
  readonly leaf: Instruction[];
}

/** Neighbouring numbers with the same outcome, in ascending order; the last range is open above. */
function ranges(architecture: Architecture): Range[] {
  const denied = new Set(Object.values(DENIED).flat());
  const byNumber = new Map([...syscallNumbers(architecture)].map(([name, number]) => [number, name]));
  const allow = give(ALLOW);
  const deny = give(EPERM);
  const unknown = give(ENOSYS);
  const all: Range[] = [];
  for (let number = 0; number <= Math.max(...byNumber.keys()) + 1; number++) {
    const name = byNumber.get(number);
    const leaf = name === undefined ? unknown : (CHECKS[name] ?? (denied.has(name) ? deny : allow));
    if (all.at(-1)?.leaf !== leaf) all.push({ from: number, leaf });
  }
  return all;
}

/** A balanced search over the ranges, so that the cost of a call grows with their logarithm. */
function search(list: readonly Range[]): Instruction[] {
  const [only] = list;
  if (list.length === 1 && only) return only.leaf;
  const middle = list.length >> 1;
  return when(OP.jumpAtLeast, list[middle]?.from ?? 0, search(list.slice(middle)), search(list.slice(0, middle)));
}

/**
 * The seccomp program of every sandbox. A foreign architecture kills the process (32-bit calls on x86-64 would bypass
 * the family check); x32 numbers lie above the open last range and so do not exist.
 */
export function seccompProgram(architecture: Architecture): Instruction[] {
  return [
    ...load(ARCHITECTURE),
    ...when(OP.jumpEqual, AUDIT[architecture], [...load(NUMBER), ...search(ranges(architecture))], give(KILL_PROCESS)),
  ];
}

/** The program as bytes for `bwrap --seccomp`. */
export function seccompFilter(architecture: Architecture): Uint8Array {
  return assemble(seccompProgram(architecture));
}
