/**
 * Attempts to leave the sandbox or to reach what it hides, as a program that runs inside, and once outside as the same
 * user: there the attempts must succeed, or they would prove nothing. Python because it is in every sandbox; each
 * attempt runs in a child of its own, so that one that kills its process is only blocked.
 *
 * Arguments: JSON with `numbers` of system calls, `denied` (their names), `canary` (a host file), `port`, `abstract` and
 * `socket` (listeners outside), `pid` (a process outside). Prints one line per attempt: name, tab, `open` or `blocked`.
 */
export const escapeBattery = String.raw`
import ctypes, json, mmap, os, platform, socket, sys
A = json.loads(sys.argv[1]); NR = A['numbers']; PARENT = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)
buf = ctypes.create_string_buffer(4096)
NEWUSER, NEWNS, NEWPID, NEWNET = 0x10000000, 0x20000, 0x20000000, 0x40000000
def call(name, *args):
    number = NR[name] if isinstance(name, str) else name
    r = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return r, ctypes.get_errno()
def done(name, *args): return call(name, *args)[0] >= 0
# The kernel looked at the arguments, so the call itself is open.
def reached(name, *args):
    r, e = call(name, *args)
    return r >= 0 or e not in (1, 38)
def family(f, kind=socket.SOCK_RAW, proto=0): socket.socket(f, kind, proto); return True
def connect(f, address): s = socket.socket(f, socket.SOCK_STREAM); s.settimeout(2); s.connect(address); return True
def raw_clone(flags):
    r, e = call('clone', flags | 17, 0, 0, 0, 0)
    if r == 0: os._exit(0)
    return r > 0
def mount_in_namespace():
    uid = os.getuid()
    if libc.unshare(NEWUSER | NEWNS) != 0: return False
    open('/proc/self/uid_map', 'w').write('0 %d 1' % uid)
    return libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0
def chroot_in_namespace(): return libc.unshare(NEWUSER) == 0 and libc.chroot(b'/') == 0
def legacy_call():
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(b'\xb8\x14\x00\x00\x00\xcd\x80\xc3')
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() > 0
def read(path): open(path, 'rb').read(1); return True
def extra_descriptors(): return len([f for f in os.listdir('/proc/self/fd') if int(f) > 2]) > 1
attempts = {
    'ptrace': lambda: done('ptrace', 0, 0, 0, 0),
    'process_vm_readv': lambda: reached('process_vm_readv', os.getpid(), buf, 1, buf, 1, 0),
    'pidfd_getfd': lambda: reached('pidfd_getfd', -1, 0, 0),
    'kcmp': lambda: reached('kcmp', os.getpid(), os.getpid(), 0, 0, 1),
    'perf_event_open': lambda: reached('perf_event_open', 0, 0, -1, -1, 0),
    'userfaultfd': lambda: done('userfaultfd', 1),
    'io_uring_setup': lambda: reached('io_uring_setup', 1, 0),
    'io_uring_enter': lambda: reached('io_uring_enter', -1, 0, 0, 0, 0, 0),
    'keyctl': lambda: reached('keyctl', 0, -3, 0),
    'add_key': lambda: reached('add_key', b'user', b'corepool', b'x', 1, -3),
    'request_key': lambda: reached('request_key', b'user', b'corepool-none', 0, 0),
    'unshare user': lambda: done('unshare', NEWUSER),
    'unshare everything': lambda: done('unshare', NEWUSER | NEWNS | NEWPID | NEWNET),
    'clone user': lambda: raw_clone(NEWUSER),
    'clone user and network': lambda: raw_clone(NEWUSER | NEWNET),
    'clone3': lambda: reached('clone3', buf, 8),
    'setns': lambda: reached('setns', -1, 0),
    'mount in a user namespace': mount_in_namespace,
    'chroot in a user namespace': chroot_in_namespace,
    'name_to_handle_at': lambda: reached('name_to_handle_at', -100, b'/', buf, buf, 0),
    'open_tree': lambda: reached('open_tree', -100, b'/', 0),
    'fsopen': lambda: reached('fsopen', b'tmpfs', 0),
    'personality': lambda: done('personality', 0x40000),
    'personality with high bits': lambda: done('personality', 0x100040000),
    'process_madvise': lambda: reached('process_madvise', -1, 0, 0, 0, 0),
    'move_pages': lambda: reached('move_pages', 0, 0, 0, 0, 0, 0),
    'fanotify_init': lambda: reached('fanotify_init', 0x200, 0),
    'netlink socket': lambda: family(16),
    'vsock socket': lambda: family(40, socket.SOCK_STREAM),
    'TIOCSTI': lambda: reached('ioctl', -1, 0x5412, 0),
    'TIOCSTI with high bits': lambda: reached('ioctl', -1, 0x100005412, 0),
    'TIOCLINUX': lambda: reached('ioctl', -1, 0x541c, 0),
    'memory of the parent': lambda: read('/proc/%d/maps' % PARENT) and os.open('/proc/%d/mem' % PARENT, os.O_RDONLY) >= 0,
    'environment of the parent': lambda: read('/proc/%d/environ' % PARENT),
    'descriptors of the parent': lambda: len(os.listdir('/proc/%d/fd' % PARENT)) > 0,
    'host file': lambda: read(A['canary']),
    'host process': lambda: os.path.exists('/proc/%d' % A['pid']),
    'host passwd': lambda: 'daemon' in open('/etc/passwd').read(),
    'host temporary files': lambda: os.stat('/tmp').st_dev == os.stat('/var').st_dev or os.path.exists('/var/tmp'),
    'host network': lambda: connect(socket.AF_INET, ('127.0.0.1', A['port'])),
    'host abstract socket': lambda: connect(socket.AF_UNIX, '\0' + A['abstract']),
    'host socket file': lambda: connect(socket.AF_UNIX, A['socket']),
    'privileges by exec': lambda: libc.prctl(39, 0, 0, 0, 0) == 0,
    'inherited descriptors': extra_descriptors,
    'kernel log by sysctl': lambda: len(os.listdir('/sys')) > 0,
}
if platform.machine() == 'x86_64':
    attempts['32-bit system call'] = legacy_call
    attempts['modify_ldt'] = lambda: reached('modify_ldt', 0, buf, 64)
# Blocked outside too, by default or for an ordinary user: no control, but they must be blocked inside.
uncontrolled = {
    'bpf': lambda: reached('bpf', 0, 0, 0),
    'mount': lambda: libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0,
    'open_by_handle_at': lambda: reached('open_by_handle_at', -1, buf, 0),
    'core_pattern': lambda: os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY) >= 0,
    'sysrq': lambda: os.open('/proc/sysrq-trigger', os.O_WRONLY) >= 0,
    'shadow': lambda: read('/etc/shadow'),
    'kernel memory': lambda: read('/proc/kcore'),
    'packet socket': lambda: family(17),
    'crypto socket': lambda: family(38, socket.SOCK_SEQPACKET),
    'raw socket': lambda: family(socket.AF_INET, socket.SOCK_RAW, 1),
    'metadata service': lambda: connect(socket.AF_INET, ('169.254.169.254', 80)),
    'device node': lambda: os.mknod('/tmp/node', 0o20600, os.makedev(1, 1)) is None,
    'x32 system call': lambda: reached(0x40000000 + 39),
    'become root': lambda: os.setuid(0) is None,
}
for name in A['denied']: uncontrolled['denied ' + name] = lambda name=name: reached(name, 0, 0, 0, 0, 0, 0)
if not A['inside']: uncontrolled = {}
for name, attempt in {**attempts, **uncontrolled}.items():
    pid = os.fork()
    if pid == 0:
        try: os._exit(0 if attempt() else 1)
        except BaseException: os._exit(1)
    print(name, 'open' if os.waitpid(pid, 0)[1] == 0 else 'blocked', sep='\t', flush=True)
`;
