import { DENIED } from "../policy/seccomp.ts";

/**
 * Where an attempt must succeed to show that it would without our control: `user`, as the same user outside the sandbox;
 * `namespace`, outside as root of a user namespace that this user made for himself.
 */
export type Control = "user" | "namespace";

/**
 * Why an attempt may have no control on some hosts, each checked where the battery runs (`escape-controls.ts`):
 * `kernel`: this kernel or machine does not have what is asked for; `capability`: the kernel grants it only with a
 * capability over the whole host; `no-new-privs`: the agent gave up what is asked for before it started anything; or a
 * setting of the kernel forbids it to everyone.
 */
export type Excuse = "kernel" | "capability" | "no-new-privs" | { readonly sysctl: string; readonly atLeast: number };

export interface Attempt {
  readonly name: string;
  /** A Python expression over the helpers of `escape-battery.ts`: true, or a failure. */
  readonly expression: string;
  /** In order: one that succeeds is enough. */
  readonly controls: readonly Control[];
  readonly excuses: readonly Excuse[];
}

const attempt = (name: string, expression: string, ...excuses: Excuse[]): Attempt => ({
  name,
  expression,
  controls: ["user"],
  excuses,
});
/** For what asks for privileges that a namespace of one's own gives, or nobody has. */
const privileged = (name: string, expression: string, ...excuses: Excuse[]): Attempt => ({
  name,
  expression,
  controls: ["user", "namespace"],
  excuses,
});

const FLAGS = {
  mount: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  pid: 0x20000000,
  network: 0x40000000,
} as const;

/** Init holds the probe key, the log and the result; outside, a process of the same user stands for it. */
const onInit: readonly Attempt[] = [
  attempt("ptrace of init", "done('ptrace', 0x4206, T, 0, 0)"),
  attempt("process_vm_readv of init", "remote('process_vm_readv')"),
  attempt("process_vm_writev of init", "remote('process_vm_writev')"),
  attempt("pidfd_getfd of init", "done('pidfd_getfd', call('pidfd_open', T, 0), 0, 0)"),
  attempt("kcmp with init", "reached('kcmp', os.getpid(), T, 0, 0, 1)", "kernel"),
  attempt("process_madvise of init", "reached('process_madvise', call('pidfd_open', T, 0), 0, 0, 0, 0)"),
  attempt("limits of init", "done('prlimit64', T, 4, (ctypes.c_uint64 * 2)(0, 0), 0)"),
  attempt("processors of init", "done('sched_setaffinity', T, 128, b'\\xff' * 128)"),
  attempt("scheduler of init", "done('sched_setscheduler', T, 3, (ctypes.c_int * 1)(0))"),
  attempt("scheduler of init by sched_setattr", "done('sched_setattr', T, (ctypes.c_uint32 * 12)(48, 3, 0, 0, 19), 0)"),
  // Init is of the workload's group until the workload makes one of its own; the filter knows no group.
  attempt(
    "priority of a whole group",
    "(os.getpgrp() == os.getpid() or os.setpgid(0, 0), reached('setpriority', 1, 0, os.nice(0)))[1]",
  ),
  attempt("priority of init", "done('setpriority', 0, T, 19)"),
  attempt("priority of every process of the user", "reached('setpriority', 2, 0, os.nice(0))"),
  attempt("disk priority of init", "done('ioprio_set', 1, T, 2 << 13 | 4)", "kernel"),
  attempt("disk priority of every process of the user", "reached('ioprio_set', 3, os.getuid(), 2 << 13 | 4)", "kernel"),
  attempt("stopping init", "stops(T)"),
  attempt("memory of init", "opens('/proc/%d/mem' % T)"),
  attempt("memory of init, to write", "opens('/proc/%d/mem' % T, os.O_RDWR)"),
  attempt("memory of init by its thread", "opens('/proc/%d/task/%d/mem' % (T, T))"),
  attempt("files in init's memory", "listed('/proc/%d/map_files' % T)", "kernel"),
  attempt("descriptors of init", "listed('/proc/%d/fd' % T)"),
  attempt("status file of init", "opens('/proc/%d/fd/5' % T, os.O_WRONLY)"),
  attempt("directory of init", "os.readlink('/proc/%d/cwd' % T) != ''"),
  attempt("control socket of init", "connect(socket.AF_UNIX, '/proc/%d/cwd/control.sock' % T)"),
  attempt("root of init", "listed('/proc/%d/root' % T)"),
  attempt("program of init by its process", "os.readlink('/proc/%d/exe' % T) != ''"),
  attempt("namespaces of init", "os.readlink('/proc/%d/ns/net' % T) != ''"),
  ...["maps", "environ", "auxv", "smaps", "pagemap", "io", "syscall", "personality"].map((file) =>
    attempt(`${file} of init`, `read('/proc/%d/${file}' % T)`, "kernel"),
  ),
  ...["oom_score_adj", "comm", "clear_refs", "coredump_filter", "autogroup"].map((file) =>
    attempt(`${file} of init, to write`, `opens('/proc/%d/${file}' % T, os.O_WRONLY)`, "kernel"),
  ),
  attempt("memory of the parent", "read('/proc/%d/maps' % PARENT) and opens('/proc/%d/mem' % PARENT)"),
  attempt("environment of the parent", "read('/proc/%d/environ' % PARENT)"),
  attempt("program of init, to write", "opens(A['init'], os.O_WRONLY)"),
];

const namespaces: readonly Attempt[] = [
  attempt("unshare user", "done('unshare', NEWUSER)"),
  attempt("unshare everything", "done('unshare', NEWUSER | NEWNS | NEWPID | NEWNET)"),
  attempt("clone user", "raw_clone(NEWUSER)"),
  attempt("clone user and network", "raw_clone(NEWUSER | NEWNET)"),
  attempt("clone3", "reached('clone3', buf, 8)"),
  attempt("clone3 user", "raw_clone3(NEWUSER)"),
  attempt("clone3 user and network", "raw_clone3(NEWUSER | NEWNET)"),
  ...Object.entries(FLAGS).flatMap(([name, flag]) => [
    privileged(`unshare ${name}`, `done('unshare', ${flag})`),
    privileged(`clone ${name}`, `raw_clone(${flag})`),
    privileged(`clone3 ${name}`, `raw_clone3(${flag})`),
  ]),
  privileged("unshare time", "done('unshare', 0x80)", "kernel"),
  attempt("setns", "reached('setns', -1, 0)"),
  attempt("mount in a user namespace", "mount_in_namespace()"),
  attempt("chroot in a user namespace", "chroot_in_namespace()"),
  privileged("mount", "library('mount', b'none', b'/tmp', b'tmpfs', 0, None)"),
  privileged("chroot", "library('chroot', b'/')"),
  privileged("pivot_root", "reached('pivot_root', b'/', b'/')"),
  privileged("fsopen", "reached('fsopen', b'tmpfs', 0)"),
  attempt("open_tree", "reached('open_tree', -100, b'/', 0)"),
  privileged("capset", "done('capset', (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(2**21, 2**21))"),
  ...["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"].map((kind) =>
    attempt(`the host's ${kind} namespace`, `own('${kind}')`),
  ),
];

const kernel: readonly Attempt[] = [
  attempt("ptrace", "done('ptrace', 0, 0, 0, 0)"),
  attempt("perf_event_open", "reached('perf_event_open', 0, 0, -1, -1, 0)", {
    sysctl: "kernel/perf_event_paranoid",
    atLeast: 3,
  }),
  attempt("userfaultfd", "done('userfaultfd', 1)", "kernel"),
  attempt("io_uring_setup", "reached('io_uring_setup', 1, 0)", { sysctl: "kernel/io_uring_disabled", atLeast: 1 }),
  attempt("io_uring_enter", "reached('io_uring_enter', -1, 0, 0, 0, 0, 0)", {
    sysctl: "kernel/io_uring_disabled",
    atLeast: 1,
  }),
  attempt("keyctl", "reached('keyctl', 0, -3, 0)", "kernel"),
  attempt("add_key", "reached('add_key', b'user', b'corepool', b'x', 1, -3)", "kernel"),
  attempt("request_key", "reached('request_key', b'user', b'corepool-none', 0, 0)", "kernel"),
  attempt("bpf", "reached('bpf', 0, 0, 0)", { sysctl: "kernel/unprivileged_bpf_disabled", atLeast: 1 }),
  attempt("bpf of a size", "reached('bpf', 0, buf, 128)", { sysctl: "kernel/unprivileged_bpf_disabled", atLeast: 1 }),
  attempt("name_to_handle_at", "reached('name_to_handle_at', -100, b'/', buf, buf, 0)"),
  privileged("open_by_handle_at", "reached('open_by_handle_at', -1, buf, 0)", "capability"),
  attempt("personality", "done('personality', 0x40000)"),
  attempt("personality with high bits", "done('personality', 0x100040000)"),
  attempt("move_pages", "reached('move_pages', 0, 0, 0, 0, 0, 0)"),
  attempt("fanotify_init", "reached('fanotify_init', 0x200, 0)"),
  attempt("TIOCSTI", "reached('ioctl', -1, 0x5412, 0)"),
  attempt("TIOCSTI with high bits", "reached('ioctl', -1, 0x100005412, 0)"),
  attempt("TIOCLINUX", "reached('ioctl', -1, 0x541c, 0)"),
  privileged("core_pattern", "opens('/proc/sys/kernel/core_pattern', os.O_WRONLY)", "capability"),
  privileged("modprobe path", "opens('/proc/sys/kernel/modprobe', os.O_WRONLY)", "capability", "kernel"),
  privileged("sysrq", "opens('/proc/sysrq-trigger', os.O_WRONLY)", "capability", "kernel"),
  privileged("kernel memory", "read('/proc/kcore')", "capability", "kernel"),
  privileged("kernel log", "opens('/proc/kmsg')", "capability"),
  privileged("host name", "done('sethostname', b'x', 1)"),
  privileged(
    "device node",
    "os.mknod('/tmp/corepool-node-%d' % os.getpid(), 0o20600, os.makedev(1, 1)) is None",
    "capability",
  ),
  privileged("become root", "os.setuid(0) is None"),
  attempt("x32 system call", "reached(0x40000000 + 39)", "kernel"),
  attempt("x32 socket", "done(0x40000000 + 41, 40, 1, 0)", "kernel"),
  attempt("privileges by exec", "libc.prctl(39, 0, 0, 0, 0) == 0", "no-new-privs"),
  attempt("inherited descriptors", "len([f for f in os.listdir('/proc/self/fd') if int(f) > 2]) > 1"),
];

const x86: readonly Attempt[] = [
  attempt("32-bit system call", "legacy(20)", "kernel"),
  attempt("32-bit vsock socket", "legacy(102, 1, (40, 1, 0))", "kernel"),
  attempt("32-bit crypto socket", "legacy(102, 1, (38, 5, 0))", "kernel"),
  attempt("32-bit netlink socket", "legacy(102, 1, (16, 3, 0))", "kernel"),
  attempt("32-bit unshare user", "legacy(310, NEWUSER)", "kernel"),
  attempt("32-bit ptrace", "legacy(26, 0)", "kernel"),
  attempt("modify_ldt", "reached('modify_ldt', 0, buf, 64)", "kernel"),
];

const sockets: readonly Attempt[] = [
  attempt("netlink socket", "family(16)"),
  ...Object.entries({ diagnosis: 4, netfilter: 12, events: 15, audit: 9, "generic families": 16 }).map(
    ([name, number]) => attempt(`netlink socket for ${name}`, `family(16, socket.SOCK_RAW, ${number})`, "kernel"),
  ),
  attempt("vsock socket", "family(40, socket.SOCK_STREAM)", "kernel"),
  attempt("vsock datagram socket", "family(40, socket.SOCK_DGRAM)", "kernel"),
  attempt("vsock socket with high bits", "done('socket', 0x100000000 + 40, 1, 0)", "kernel"),
  attempt("crypto socket", "family(38, socket.SOCK_SEQPACKET)", "kernel"),
  privileged("packet socket", "family(17)", "kernel"),
  privileged("raw socket", "family(socket.AF_INET, socket.SOCK_RAW, 1)"),
  privileged("XDP socket", "family(44)", "kernel"),
  attempt("SCTP socket", "family(socket.AF_INET, socket.SOCK_STREAM, 132)", "kernel"),
  attempt("MPTCP socket", "family(socket.AF_INET, socket.SOCK_STREAM, 262)", "kernel"),
  attempt("UDP-Lite socket", "family(socket.AF_INET, socket.SOCK_DGRAM, 136)", "kernel"),
  attempt("Bluetooth socket", "family(31, socket.SOCK_STREAM, 3)", "kernel"),
  attempt("host network", "connect(socket.AF_INET, ('127.0.0.1', A['port']))"),
  attempt("host abstract socket", "connect(socket.AF_UNIX, '\\0' + A['abstract'])"),
  attempt("host socket file", "connect(socket.AF_UNIX, A['socket'])"),
  attempt("host System V memory", "libc.shmget(A['memory'], 0, 0) >= 0"),
];

const files: readonly Attempt[] = [
  attempt("host file", "read(A['canary'])"),
  attempt("host file by the root of a process", "read('/proc/self/root' + A['canary'])"),
  attempt("host file by way of ..", "read('/work/' + '../' * 20 + A['canary'])"),
  attempt("agent's state", "listed(A['state'])"),
  attempt("host process", "os.path.exists('/proc/%d' % A['pid'])"),
  attempt("signal to a host process", "os.kill(A['pid'], 0) is None"),
  attempt("host passwd", "'daemon' in open('/etc/passwd').read()"),
  privileged("shadow", "read('/etc/shadow')", "capability"),
  attempt("host temporary files", "os.path.exists('/var/tmp')"),
  attempt("host shared memory", "read('/dev/shm/' + A['shared'])"),
  attempt("the host's devices and buses", "listed('/sys')"),
  attempt("devices beyond the harmless", "len(set(os.listdir('/dev')) - HARMLESS) > 0"),
  attempt("writing outside the workspace", "any_of(lambda d: made(d + '/corepool-x'), A['closed'])"),
  attempt("input, by opening it again", "reopened(A['input'])"),
  attempt("input, by its mode", "os.chmod(A['input'], 0o777) is None"),
  attempt("input, by its length", "os.truncate(A['input'], 1) is None"),
  attempt("input, by its times", "os.utime(A['input']) is None"),
  attempt("input, by an attribute", "os.setxattr(A['input'], 'user.corepool', b'x') is None", "kernel"),
  attempt("input, by a second name", "os.link(A['input'], A['input'] + '-%d' % os.getpid()) is None"),
];

/** What the kernel lets nobody do without a capability over the host, whatever namespaces he makes. */
const HOST_ONLY = [
  "kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff acct settimeofday clock_settime",
  "adjtimex clock_adjtime vhangup open_by_handle_at syslog quotactl quotactl_fd lookup_dcookie bpf",
]
  .join(" ")
  .split(" ");

/** First arguments without which the kernel refuses an ordinary user even where the call is open. */
const FIRST: Readonly<Record<string, number>> = { userfaultfd: 1, fanotify_init: 0x200 };

/** Every attempt on this architecture. @param known the names of its system calls */
export function attemptsOn(architecture: "x64" | "arm64", known: ReadonlySet<string>): readonly Attempt[] {
  const denied = Object.values(DENIED)
    .flat()
    .filter((name) => known.has(name))
    .map((name) =>
      privileged(
        `denied ${name}`,
        `reached('${name}', ${FIRST[name] ?? 0}, 0, 0, 0, 0, 0)`,
        "kernel",
        ...(HOST_ONLY.includes(name) ? ["capability" as const] : []),
      ),
    );
  return [...onInit, ...namespaces, ...kernel, ...(architecture === "x64" ? x86 : []), ...sockets, ...files, ...denied];
}
