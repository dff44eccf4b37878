/*
 * The init of a Corepool sandbox. It runs twice:
 *
 *   init launch [-g CGROUP.TASKS]... -s FILTER -- BWRAP ARGS...   outside, as the agent's user, in the run directory of
 *                                      the sandbox: joins the cgroups, makes the control socket, the status file and
 *                                      the log, and becomes bwrap with exactly these descriptors open.
 *   init serve                         inside, as process 1 of the sandbox: starts the workload and answers frames.
 *
 * It outlives the agent: the log and the result go to files, and a restarted agent connects to control.sock, a path
 * that does not exist inside. The workload runs under the same kernel user, so init is not dumpable (no ptrace, no
 * /proc/1/mem), holds its key in memory only, and keeps no descriptor open across the workload's exec.
 *
 * Frames are lines of text on a stream socket, one answer each, in order:
 *   hello                        ok hello 1
 *   probe <64 hex>               ok probe <64 hex>     HMAC-SHA256(key, "corepool-probe-v1" || nonce)
 *   freeze | thaw                ok freeze | ok thaw
 *   stop <grace ms>              ok stop               SIGTERM to all, SIGKILL after the grace
 *   kill <reason>                ok kill               SIGKILL to all now; the reason is "disk-full" or "out-of-memory"
 *   deadline <ms from start>     ok deadline           moves the hard deadline
 *   stats                        ok stats <elapsed ms> <cpu us> <memory KiB> <processes> <frozen> <kept> <dropped>
 * When the workload has ended, init writes the result to the status file, sends `ended`, and closes.
 * The first connection is descriptor 3: `config <bytes>\n` and the configuration come first, `ready\n` answers it.
 */
#include <linux/auxvec.h>
#include <linux/signalfd.h>
#include <linux/uio.h>

#include "sha256.h"

enum { CHANNEL = 3, LISTENER = 4, STATUS = 5, LOG = 6, FILTER = 7, INFO = 8, CLIENTS = 8, MAX_CONFIG = 1 << 20, MAX_WORDS = 4096, CHUNK = 65536 };

static void quit(int code) {
  for (;;) SYS1(exit_group, code);
}

/* Says on standard error why it cannot go on; the launcher's goes to bwrap.err, which the adapter reads. */
static void fail(const char *what, i64 error) {
  struct text t = {0};
  put(&t, "init: ");
  put(&t, what);
  put(&t, ": errno ");
  put_number(&t, (u64)-error);
  put(&t, "\n");
  SYS3(write, 2, t.s, t.n);
  quit(120);
}

static i64 must(const char *what, i64 result) {
  if (result < 0) fail(what, result);
  return result;
}

static i64 open_at(const char *path, int flags) { return SYS4(openat, AT_FDCWD, path, flags, 0600); }

/* Moves a descriptor to its agreed number, below which everything is in place already. */
static void place(const char *what, i64 fd, int number) {
  must(what, fd);
  if (fd == number) return;
  must(what, SYS3(dup3, fd, number, 0));
  SYS1(close, fd);
}

/* ---- outside ------------------------------------------------------------------------------------------------- */

static void launch(char **args) {
  const char *filter = 0;
  for (; *args && !equal(*args, "--"); args += 2) {
    if (!args[1]) fail("launch needs a value for its last option", -EINVAL);
    if (equal(*args, "-s")) filter = args[1];
    if (equal(*args, "-g")) {
      i64 tasks = must(args[1], open_at(args[1], O_WRONLY));
      must(args[1], SYS3(write, tasks, "0", 1));
      SYS1(close, tasks);
    }
  }
  if (!*args || !args[1] || !filter) fail("usage: launch [-g CGROUP.TASKS]... -s FILTER -- BWRAP ARGS...", -EINVAL);
  SYS0(setsid);
  SYS1(umask, 077);

  /* First to high numbers, so that no descriptor inherited at a low one is in the way, then to the agreed ones. */
  i64 channel = must("the channel", SYS3(fcntl, CHANNEL, F_DUPFD, 40));
  place("bwrap.err", open_at("bwrap.err", O_WRONLY | O_CREAT | O_TRUNC), 2);
  i64 null = must("/dev/null", open_at("/dev/null", O_RDWR));
  must("standard input", SYS3(dup3, null, 0, 0));
  must("standard output", SYS3(dup3, null, 1, 0));
  must("the channel", SYS3(dup3, channel, CHANNEL, 0));
  SYS3(close_range, CHANNEL + 1, ~0U, 0);

  struct sockaddr_un name = {.sun_family = AF_UNIX};
  memcpy(name.sun_path, "control.sock", 13);
  place("the control socket", SYS3(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), LISTENER);
  must("control.sock", SYS3(bind, LISTENER, &name, sizeof name));
  must("control.sock", SYS2(listen, LISTENER, CLIENTS));
  place("status.json", open_at("status.json", O_WRONLY | O_CREAT | O_EXCL), STATUS);
  place("output.log", open_at("output.log", O_WRONLY | O_CREAT | O_EXCL | O_APPEND), LOG);
  place("the seccomp filter", open_at(filter, O_RDONLY), FILTER);
  place("info.json", open_at("info.json", O_WRONLY | O_CREAT | O_EXCL), INFO);
  SYS3(close_range, INFO + 1, ~0U, 0);

  char *environment[] = {0};
  fail(args[1], SYS3(execve, args[1], args + 1, environment));
}

/* ---- inside: configuration and start ------------------------------------------------------------------------- */

static char config[MAX_CONFIG + 1];
static char *argv[MAX_WORDS], *envp[MAX_WORDS];
static struct { u32 resource; struct rlimit64 value; } limits[16];
static u32 argc, envc, limit_count;
static const char *directory = "/";
static u8 key[32];
static u64 page_size = 4096, log_cap = 64UL << 20, rate = 8UL << 20, started, deadline;

static void read_config(void) {
  char head[32];
  u64 n = 0, got = 0;
  for (;; n++) {
    if (n == sizeof head - 1 || must("reading the configuration", SYS3(read, CHANNEL, head + n, 1)) == 0) quit(121);
    if (head[n] == '\n') break;
  }
  head[n] = 0;
  const char *digits = after(head, "config ");
  u64 size = digits ? number(digits) : 0;
  if (size == 0 || size > MAX_CONFIG) quit(121);
  while (got < size) {
    i64 r = must("reading the configuration", SYS3(read, CHANNEL, config + got, size - got));
    if (r == 0) quit(121);
    got += (u64)r;
  }
  /* Entries are NUL-terminated `letter=value`; argv and environment point into the buffer. */
  char *next;
  for (char *entry = config; entry < config + size; entry = next) {
    char *value = entry + 2;
    next = entry + length(entry) + 1;
    if (entry[0] == 0 || entry[1] != '=') quit(121);
    if (entry[0] == 'a' && argc < MAX_WORDS - 1) argv[argc++] = value;
    else if (entry[0] == 'e' && envc < MAX_WORDS - 1) envp[envc++] = value;
    else if (entry[0] == 'w') directory = value;
    else if (entry[0] == 'd') deadline = number(value) * 1000000UL;
    else if (entry[0] == 'c') log_cap = number(value);
    else if (entry[0] == 'b') rate = number(value);
    else if (entry[0] == 'k' && from_hex(value, key, sizeof key)) memset(value, 0, 64);
    else if (entry[0] == 'l' && limit_count < 16) {
      const char *second = value;
      while (*second && *second != ':') second++;
      if (*second != ':') quit(121);
      u64 most = number(second + 1);
      limits[limit_count].resource = (u32)number(value);
      limits[limit_count].value.rlim_cur = limits[limit_count].value.rlim_max = most;
      limit_count++;
    } else quit(121);
  }
  if (argc == 0) quit(121);
}

static i64 run_in(const char *path, u64 path_length, const char *file) {
  char full[4096];
  u64 n = length(file);
  if (path_length + n + 2 > sizeof full) return -ENAMETOOLONG;
  memcpy(full, path, path_length);
  if (path_length) full[path_length++] = '/';
  memcpy(full + path_length, file, n + 1);
  return SYS3(execve, full, argv, envp);
}

/* execvpe: every directory of PATH in turn; a file that may not be executed beats "not found". */
static i64 run_workload(void) {
  const char *path = "/usr/bin";
  for (const char *c = argv[0]; *c; c++)
    if (*c == '/') return run_in("", 0, argv[0]);
  for (u32 i = 0; i < envc; i++)
    if (after(envp[i], "PATH=")) path = after(envp[i], "PATH=");
  i64 error = -ENOENT;
  while (*path) {
    u64 n = 0;
    while (path[n] && path[n] != ':') n++;
    i64 e = n ? run_in(path, n, argv[0]) : -ENOENT;
    if (e != -ENOENT && e != -ENOTDIR) error = e;
    path += n + (path[n] == ':');
  }
  return error;
}

/* Child side: becomes the workload. Reports an errno on `report`, which closes by itself when exec succeeds. */
static void become_workload(int out, int err, int report) {
  u64 none = 0;
  memset(key, 0, sizeof key);
  i64 e = SYS0(setsid);
  i64 null = open_at("/dev/null", O_RDONLY);
  if (null < 0) e = null;
  SYS3(dup3, null, 0, 0);
  SYS3(dup3, out, 1, 0);
  SYS3(dup3, err, 2, 0);
  SYS3(dup3, report, 3, O_CLOEXEC);
  SYS3(close_range, 4, ~0U, 0);
  /* If memory runs out, this dies before init. Dumpable again (the key is gone) to be allowed to say so. */
  SYS5(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  i64 adj = open_at("/proc/self/oom_score_adj", O_WRONLY);
  SYS3(write, adj, "900", 3);
  SYS1(close, adj);
  for (u32 i = 0; i < limit_count && e >= 0; i++) {
    struct rlimit64 old = {0, 0}, *want = &limits[i].value;
    SYS4(prlimit64, 0, limits[i].resource, 0, &old);
    if (want->rlim_max > old.rlim_max) want->rlim_cur = want->rlim_max = old.rlim_max;
    e = SYS4(prlimit64, 0, limits[i].resource, want, 0);
  }
  if (e >= 0) e = SYS5(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (e >= 0) e = SYS1(chdir, directory);
  SYS1(umask, 022);
  SYS4(rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
  if (e >= 0) e = run_workload();
  SYS3(write, 3, &e, sizeof e);
  quit(127);
}

#include "serve.h"

void start_c(i64 *stack) {
  char **args = (char **)(stack + 1);
  i64 *word = stack + stack[0] + 2; /* past argv: the environment, then the auxiliary vector */
  while (*word++) {
  }
  for (; word[0]; word += 2)
    if (word[0] == AT_PAGESZ) page_size = (u64)word[1];
  if (stack[0] > 1 && equal(args[1], "launch")) launch(args + 2);
  if (stack[0] > 1 && equal(args[1], "serve")) serve();
  fail("usage: init launch … | init serve", -EINVAL);
}
