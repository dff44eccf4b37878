/**
 * A program that searches everything it can reach for canaries, each `corepool-canary-NUMBER-HEX`: files and their names,
 * what processes were given and hold in memory, open descriptors, System V memory, and whatever a socket says to who
 * connects. It is not told what the canaries are. Prints a line per find: the canary, tab, where.
 *
 * Its argument is JSON: `roots` to walk, `since` (seconds): of the system's own /usr only files changed since then are
 * read, older ones cannot hold a canary; and, outside the sandbox where there is much of other people's, `pids`,
 * `sockets` and `ports` to keep to.
 */
export const secretSearch = String.raw`
import ctypes, json, os, re, socket, stat, subprocess, sys
A = json.loads(sys.argv[1])
MARK = b'corepool-' + b'canary-'
PATTERN = re.compile(MARK + rb'([0-9]+)-([0-9a-f]{12,32})')
found = set()
def look(data, where):
    for match in PATTERN.finditer(data):
        key = (match.group(), where)
        if key not in found:
            found.add(key)
            print(match.group().decode(), where, sep='\t', flush=True)
def attempt(f, *args):
    try: return f(*args)
    except (OSError, ValueError, OverflowError): return None
def read_file(path, where=None):
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 'rb') as f:
        size = 0
        tail = b''
        while size < 1 << 26:
            data = f.read(1 << 20)
            if not data: break
            size += len(data)
            look(tail + data, where or path)
            tail = data[-64:]
def walk(root):
    pending = [root]
    while pending:
        here = pending.pop()
        for entry in attempt(lambda: list(os.scandir(here))) or []:
            look(os.fsencode(entry.name), here)
            info = attempt(os.lstat, entry.path)
            if info is None: continue
            if stat.S_ISLNK(info.st_mode): look(os.fsencode(attempt(os.readlink, entry.path) or ''), entry.path)
            if stat.S_ISSOCK(info.st_mode): attempt(listen_to, socket.AF_UNIX, entry.path)
            if stat.S_ISDIR(info.st_mode):
                if entry.path not in ('/proc', '/sys', '/usr'): pending.append(entry.path)
            elif stat.S_ISREG(info.st_mode): attempt(read_file, entry.path)
def changed(directory, since):
    listing = subprocess.run(['find', directory, '-xdev', '-type', 'f', '-newerct', '@%d' % since, '-print0'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    for path in listing.split(b'\0'):
        if path: attempt(read_file, os.fsdecode(path))
def memory(pid):
    with open('/proc/%s/maps' % pid) as maps, open('/proc/%s/mem' % pid, 'rb', 0) as mem:
        for line in maps:
            fields = line.split()
            low, high = [int(n, 16) for n in fields[0].split('-')]
            if fields[1][0] != 'r' or high >= 1 << 63: continue
            for at in range(low, high, 1 << 22):
                def piece():
                    mem.seek(at)
                    look(mem.read(min(1 << 22, high - at)), 'memory of %s' % pid)
                attempt(piece)
def process(pid):
    for name in ('environ', 'cmdline', 'comm', 'stat', 'mountinfo', 'cgroup', 'limits'): attempt(read_file, '/proc/%s/%s' % (pid, name))
    for link in ('cwd', 'root', 'exe'): look(os.fsencode(attempt(os.readlink, '/proc/%s/%s' % (pid, link)) or ''), link)
    for fd in attempt(os.listdir, '/proc/%s/fd' % pid) or []:
        path = '/proc/%s/fd/%s' % (pid, fd)
        info = attempt(os.stat, path)
        if info is not None and stat.S_ISREG(info.st_mode): attempt(read_file, path)
    # One's own memory holds what was found: it would only find it again.
    if int(pid) != os.getpid(): attempt(memory, pid)
def listen_to(family, address):
    s = socket.socket(family)
    s.settimeout(0.5)
    s.connect(address)
    look(s.recv(4096), 'socket %r' % (address,))
def lines(path): return (attempt(lambda: open(path, errors='replace').read()) or '').splitlines()[1:]
def shared_memory():
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    for line in lines('/proc/sysvipc/shm'):
        number, size = int(line.split()[1]), int(line.split()[3])
        at = libc.shmat(number, None, 0o10000)
        if at not in (None, 2**64 - 1): look(ctypes.string_at(at, min(size, 1 << 20)), 'System V memory')
for root in A['roots']: walk(root)
if 'since' in A: changed('/usr', A['since'])
for pid in A.get('pids', [p for p in os.listdir('/proc') if p.isdigit()]): process(pid)
names = [line.split()[7] for line in lines('/proc/net/unix') if len(line.split()) > 7]
for name in A.get('sockets', names): attempt(listen_to, socket.AF_UNIX, '\0' + name[1:] if name.startswith('@') else name)
ports = [int(line.split()[1].split(':')[1], 16) for line in lines('/proc/net/tcp') if line.split()[3] == '0A']
for port in A.get('ports', ports + A.get('guesses', [])): attempt(listen_to, socket.AF_INET, ('127.0.0.1', port))
shared_memory()
print('searched', flush=True)
`;

/** Stands for the agent as a process: canaries in its environment, command line, memory, and a file without a name. */
export const secretKeeper = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.prctl(0x59616d61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
given = sys.stdin.readline().split()
held = bytearray(given[0].encode())
file = os.open('nameless', os.O_CREAT | os.O_RDWR, 0o600)
os.unlink('nameless')
os.write(file, given[1].encode())
libc.shmat.restype = ctypes.c_void_p
memory = libc.shmget(0, 4096, 0o1600)
ctypes.memmove(libc.shmat(memory, None, 0), given[2].encode(), len(given[2]))
print('ready', flush=True)
sys.stdin.read()
libc.shmctl(memory, 0, None)
`;
