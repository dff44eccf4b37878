/**
 * The program that makes the attempts of `escape-attempts.ts`, inside the sandbox and outside it. Python because it is
 * in every sandbox; each attempt runs in a child of its own, so that one that kills its process is only blocked.
 *
 * Its argument is JSON: `attempts` (name and expression each), `numbers` of system calls, and what the expressions ask
 * for by `A[...]`. It prints how it is held itself (two lines of its status, as one), then a line per attempt: name, tab,
 * `open` or `blocked`, tab, the errno that blocked it (a negative number for the signal that ended it, 255 for neither).
 */
export const escapeBattery = String.raw`
import ctypes, json, mmap, os, platform, socket, sys, time
A = json.loads(sys.argv[1]); NR = A['numbers']; T = A.get('target', 1); PARENT = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)
buf = ctypes.create_string_buffer(4096)
NEWUSER, NEWNS, NEWPID, NEWNET = 0x10000000, 0x20000, 0x20000000, 0x40000000
error = 0
def call(name, *args):
    global error
    number = NR[name] if isinstance(name, str) else name
    r = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    error = ctypes.get_errno() if r < 0 else 0
    return r
def done(name, *args): return call(name, *args) >= 0
# The kernel looked at the arguments, so the call itself is open.
def reached(name, *args): return call(name, *args) >= 0 or error not in (1, 38)
def family(f, kind=socket.SOCK_RAW, proto=0): socket.socket(f, kind, proto); return True
def connect(f, address): s = socket.socket(f, socket.SOCK_STREAM); s.settimeout(2); s.connect(address); return True
def raw_clone(flags):
    r = call('clone', flags | 17, 0, 0, 0, 0)
    if r == 0: os._exit(0)
    return r > 0
def raw_clone3(flags):
    a = (ctypes.c_uint64 * 11)(flags, 0, 0, 0, 17)
    r = call('clone3', a, 88)
    if r == 0: os._exit(0)
    return r > 0
def library(name, *args):
    global error
    r = getattr(libc, name)(*args)
    error = ctypes.get_errno() if r != 0 else 0
    return r == 0
def mount_in_namespace():
    uid = os.getuid()
    if not library('unshare', NEWUSER | NEWNS): return False
    open('/proc/self/uid_map', 'w').write('0 %d 1' % uid)
    return library('mount', b'none', b'/tmp', b'tmpfs', 0, None)
def chroot_in_namespace(): return library('unshare', NEWUSER) and library('chroot', b'/')
# A call of the 32-bit ABI: push rbx; eax, ebx, ecx; int 0x80; pop rbx; ret. Below 4 GiB, where its pointers can reach.
def legacy(number, a=0, b=()):
    global error
    libc.mmap.restype = ctypes.c_void_p
    page = libc.mmap(None, ctypes.c_long(4096), 7, 0x62, -1, ctypes.c_long(0))
    word = lambda n: n.to_bytes(4, 'little')
    code = b'\x53\xb8' + word(number) + b'\xbb' + word(a) + b'\xb9' + word(page + 64) + b'\xcd\x80\x5b\xc3'
    ctypes.memmove(page, code, len(code))
    ctypes.memmove(page + 64, b''.join(map(word, b)), 4 * len(b))
    r = ctypes.CFUNCTYPE(ctypes.c_int)(page)()
    error = -r if r < 0 else 0
    return r >= 0
def read(path): open(path, 'rb').read(1); return True
def opens(path, flags=os.O_RDONLY): return os.open(path, flags) >= 0
def listed(path): return len(os.listdir(path)) > 0
def remote(name):
    mine = (ctypes.c_uint64 * 2)(ctypes.addressof(buf), 8)
    there = (ctypes.c_uint64 * 2)(4096, 8)
    return reached(name, T, mine, 1, there, 1, 0)
def stops(pid):
    os.kill(pid, 19)
    time.sleep(0.05)
    state = open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()[0]
    os.kill(pid, 18)
    return state == 'T'
def made(path): os.mkdir(path); os.rmdir(path); return True
def reopened(path): return opens('/proc/self/fd/%d' % os.open(path, os.O_RDONLY), os.O_RDWR)
def own(kind): return os.readlink('/proc/self/ns/' + kind) == A['namespaces'][kind]
def any_of(attempt, places):
    for place in places:
        try:
            if attempt(place): return True
        except OSError as e: last = e
    raise last
HARMLESS = set('console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero'.split())
def try_one(expression):
    try: return 0 if eval(expression) else error or 255
    except OSError as e: return e.errno or 255
    except BaseException: return 255
print(*[line.strip() for line in open('/proc/self/status') if line.startswith(('NoNewPrivs:', 'Seccomp:'))], sep='\t', flush=True)
for name, expression in A['attempts']:
    pid = os.fork()
    if pid == 0: os._exit(try_one(expression))
    status = os.waitpid(pid, 0)[1]
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    print(name, 'open' if code == 0 else 'blocked', code, sep='\t', flush=True)
`;

/**
 * A process that stands for init where the attempts are made outside: of the same user, with a control socket in its
 * directory, a status file at descriptor 5, and System V memory. It says `ready` and lives until its input ends.
 */
export const bystander = `
import ctypes, os, socket, sys
libc = ctypes.CDLL(None)
# Yama, where it is on, lets only a chosen process trace another.
libc.prctl(0x59616d61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
s = socket.socket(socket.AF_UNIX)
s.bind('control.sock'); s.listen()
os.dup2(os.open('status.json', os.O_CREAT | os.O_RDWR, 0o600), 5)
memory = libc.shmget(int(sys.argv[1]), 4096, 0o1600)
print('ready', flush=True)
sys.stdin.read()
libc.shmctl(memory, 0, None)
`;
