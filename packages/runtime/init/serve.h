/* The loop of `init serve`: the workload's output, frames, deadlines, the end. Included once, by init.c. */

static struct client { int fd; u32 n; char line[160]; } clients[CLIENTS];
static int pipes[2] = {-1, -1}; /* the reading ends of the workload's stdout and stderr */
static i64 main_pid;
static int main_status, main_gone, frozen, log_full;
static const char *reason = 0; /* why init itself ends the workload, if it does */
static u64 kill_at, kept, dropped, log_size, tokens, refilled;
static char chunk[CHUNK];

/* One record of the log: stream (1 stdout, 2 stderr, 3 notice) and length as 32-bit words, boot time in ns, bytes. */
static void record(u32 stream, const char *bytes, u64 n) {
  struct { u32 stream, size; u64 at; } head = {stream, (u32)n, now()};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, n}};
  i64 wrote = SYS3(writev, LOG, parts, 2);
  if (wrote > 0) log_size += (u64)wrote;
  /* A short write (disk full) would leave a torn record for the reader: cut it off again. */
  if (wrote != (i64)(sizeof head + n)) {
    if (wrote > 0) SYS2(ftruncate, LOG, log_size -= (u64)wrote);
    dropped += n;
  } else if (stream != 3) kept += n;
}

static void notice(const char *a, const char *b, const char *c) {
  struct text t = {0};
  put(&t, "corepool: ");
  put(&t, a);
  put(&t, b);
  put(&t, c);
  put(&t, "\n");
  record(3, t.s, t.n);
}

/* Reads one pipe once. Past the cap the output is read and dropped, so that the workload is not blocked for ever. */
static int take_output(int which, u64 most) {
  i64 n = SYS3(read, pipes[which], chunk, most < CHUNK ? most : CHUNK);
  if (n == -EAGAIN || n == -EINTR) return 0;
  if (n <= 0) {
    SYS1(close, pipes[which]);
    pipes[which] = -1;
    return 0;
  }
  tokens -= (u64)n < tokens ? (u64)n : tokens;
  u64 room = log_cap > log_size + 16 ? log_cap - log_size - 16 : 0;
  u64 keep = (u64)n < room ? (u64)n : room;
  if (log_full) keep = 0;
  if (keep) record((u32)which + 1, chunk, keep);
  dropped += (u64)n - keep;
  if (keep < (u64)n && !log_full) {
    log_full = 1;
    notice("the log limit is reached; further output is dropped", "", "");
  }
  return 1;
}

static void signal_all(int signal) { SYS2(kill, -1, signal); }

/* Takes the status of whatever has ended. True when there is no child any more. */
static int reap(void) {
  int status;
  i64 pid;
  while ((pid = SYS4(wait4, -1, &status, WNOHANG, 0)) > 0)
    if (pid == main_pid) main_status = status, main_gone = 1;
  return pid == -ECHILD;
}

/* What the sandbox uses now. */
struct usage { u64 cpu_us, memory, processes; };

/* Adds a process's memory: private pages count fully, of the shared ones only the largest share of any process. */
static void add_memory(struct usage *use, u64 *shared, const char *pid) {
  char path[40] = "/proc/", text[96];
  u64 n = length(pid);
  if (n > 20) return;
  memcpy(path + 6, pid, n);
  memcpy(path + 6 + n, "/statm", 7);
  i64 fd = open_at(path, O_RDONLY);
  i64 got = SYS3(read, fd, text, sizeof text - 1);
  SYS1(close, fd);
  if (got <= 0) return;
  text[got] = 0;
  const char *c = text; /* size resident shared … */
  while (*c && *c++ != ' ') {
  }
  u64 resident = number(c);
  while (*c && *c++ != ' ') {
  }
  u64 mine = number(c);
  use->memory += (resident > mine ? resident - mine : 0) * page_size;
  if (mine * page_size > *shared) *shared = mine * page_size;
}

/* CPU time of what was reaped and of every process that lives; memory and number of the living. */
static struct usage usage(void) {
  struct rusage u = {0};
  struct usage use = {0, 0, 0};
  u64 shared = 0;
  SYS2(getrusage, RUSAGE_CHILDREN, &u);
  use.cpu_us = (u64)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000UL + (u64)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
  i64 dir = open_at("/proc", O_RDONLY | O_DIRECTORY), n;
  while ((n = SYS3(getdents64, dir, chunk, CHUNK)) > 0)
    for (i64 i = 0; i < n;) {
      struct { u64 ino, off; unsigned short size; u8 type; char name[]; } *entry = (void *)(chunk + i);
      u64 pid = number(entry->name);
      struct __kernel_timespec t = {0, 0};
      /* The clock of another process's CPU time has the number (~pid << 3) | CPUCLOCK_SCHED. */
      if (pid > 1 && SYS2(clock_gettime, (int)(~(u32)pid << 3 | 2), &t) == 0) {
        use.cpu_us += (u64)t.tv_sec * 1000000UL + (u64)t.tv_nsec / 1000;
        use.processes++;
        add_memory(&use, &shared, entry->name);
      }
      i += entry->size;
    }
  SYS1(close, dir);
  use.memory += shared;
  return use;
}

static void drop_client(struct client *c) {
  SYS1(close, c->fd);
  c->fd = -1;
}

static void answer(struct client *c, struct text *t) {
  put(t, "\n");
  if (c->fd >= 0 && SYS(sendto, c->fd, t->s, t->n, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0) != (i64)t->n) drop_client(c);
}

static void frame(struct client *c) {
  struct text t = {0};
  const char *arg;
  put(&t, "ok ");
  if (equal(c->line, "hello")) put(&t, "hello 1");
  else if ((arg = after(c->line, "probe "))) {
    u8 message[17 + 32], mac[32];
    memcpy(message, "corepool-probe-v1", 17);
    if (from_hex(arg, message + 17, 32)) {
      hmac(key, message, sizeof message, mac);
      put(&t, "probe ");
      put_hex(&t, mac, 32);
    } else t.n = 0;
  } else if (equal(c->line, "freeze")) {
    frozen = 1;
    signal_all(SIGSTOP);
    put(&t, "freeze");
  } else if (equal(c->line, "thaw")) {
    frozen = 0;
    signal_all(SIGCONT);
    put(&t, "thaw");
  } else if ((arg = after(c->line, "stop "))) {
    u64 at = now() + number(arg) * 1000000UL;
    if (!kill_at || at < kill_at) kill_at = at;
    if (!reason) reason = "stopped";
    frozen = 0;
    signal_all(SIGTERM);
    signal_all(SIGCONT);
    put(&t, "stop");
  } else if (equal(c->line, "kill disk-full") || equal(c->line, "kill out-of-memory")) {
    kill_at = now();
    if (!reason) reason = c->line[5] == 'd' ? "disk-full" : "out-of-memory";
    put(&t, "kill");
  } else if ((arg = after(c->line, "deadline "))) {
    deadline = number(arg) * 1000000UL;
    put(&t, "deadline");
  } else if (equal(c->line, "stats")) {
    struct usage use = usage();
    u64 values[7] = {(now() - started) / 1000000UL, use.cpu_us, use.memory / 1024, use.processes, (u64)frozen, kept, dropped};
    put(&t, "stats");
    for (int i = 0; i < 7; i++) put(&t, " "), put_number(&t, values[i]);
  } else t.n = 0;
  if (t.n == 0) put(&t, "error unknown frame");
  answer(c, &t);
}

static void read_client(struct client *c) {
  i64 n = SYS3(read, c->fd, c->line + c->n, sizeof c->line - c->n);
  if (n == -EAGAIN) return;
  if (n <= 0) return drop_client(c);
  c->n += (u32)n;
  for (u32 i = 0; i < c->n;) {
    if (c->line[i++] != '\n') continue;
    c->line[i - 1] = 0;
    frame(c);
    if (c->fd < 0) return;
    for (u32 j = i; j < c->n; j++) c->line[j - i] = c->line[j];
    c->n -= i;
    i = 0;
  }
  if (c->n == sizeof c->line) drop_client(c);
}

static void accept_client(void) {
  i64 fd = SYS4(accept4, LISTENER, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  for (int i = 0; i < CLIENTS; i++)
    if (clients[i].fd < 0) {
      clients[i].fd = (int)fd;
      clients[i].n = 0;
      return;
    }
  SYS1(close, fd);
}

/* Kills everything and reaps it. Gives up after 5 s on what hangs in the kernel: that dies with the namespace. */
static void kill_all(int child_events) {
  u64 until = now() + 5000000000UL;
  struct pollfd p = {child_events, POLLIN, 0};
  struct __kernel_timespec tick = {0, 5000000};
  do {
    signal_all(SIGKILL);
    if (reap()) return;
    SYS5(ppoll, &p, 1, &tick, 0, 8);
    SYS3(read, child_events, chunk, CHUNK);
  } while (now() < until);
}

static void write_status(int exec_error) {
  struct rusage u = {0};
  struct text t = {0};
  int signal = main_status & 0x7f, code = main_status >> 8 & 0xff;
  if (exec_error) signal = 0, code = exec_error == ENOENT || exec_error == ENOTDIR ? 127 : 126;
  SYS2(getrusage, RUSAGE_CHILDREN, &u);
  put(&t, "{\"reason\":\"");
  put(&t, reason ? reason : signal ? "signalled" : "exited");
  put(&t, signal || !main_gone ? "\",\"exitCode\":null,\"signal\":" : "\",\"exitCode\":");
  put_number(&t, signal || !main_gone ? (u64)(main_gone ? signal : SIGKILL) : (u64)code);
  put(&t, signal || !main_gone ? ",\"startedBootNs\":\"" : ",\"signal\":null,\"startedBootNs\":\"");
  put_number(&t, started);
  put(&t, "\",\"endedBootNs\":\"");
  put_number(&t, now());
  put(&t, "\",\"cpuUserUs\":");
  put_number(&t, (u64)u.ru_utime.tv_sec * 1000000UL + (u64)u.ru_utime.tv_usec);
  put(&t, ",\"cpuSystemUs\":");
  put_number(&t, (u64)u.ru_stime.tv_sec * 1000000UL + (u64)u.ru_stime.tv_usec);
  put(&t, ",\"maxRssKiB\":");
  put_number(&t, (u64)u.ru_maxrss);
  put(&t, ",\"logBytesKept\":");
  put_number(&t, kept);
  put(&t, ",\"logBytesDropped\":");
  put_number(&t, dropped);
  put(&t, "}\n");
  /* The closing brace and newline say that the record is whole. */
  SYS3(write, STATUS, t.s, t.n);
  SYS1(fsync, STATUS);
}

static u64 earliest(u64 a, u64 b) { return a && (!b || a < b) ? a : b; }

/* One turn: waits for whatever comes first, then handles all of it. */
static void turn(int child_events) {
  struct pollfd p[4 + CLIENTS];
  u64 t = now(), wake = earliest(deadline ? started + deadline : 0, kill_at);
  if (t > refilled) {
    tokens += (t - refilled) / 1000 * rate / 1000000UL;
    if (tokens > rate) tokens = rate;
    refilled = t;
  }
  /* Too fast a workload waits on its full pipe until the bucket has filled again. */
  int reading = tokens >= CHUNK || tokens >= rate;
  if (!reading) wake = earliest(wake, t + 20000000UL);
  /* A process that was about to send SIGCONT when the others stopped may have woken one: stop them again. */
  if (frozen) wake = earliest(wake, t + 250000000UL), signal_all(SIGSTOP);
  struct __kernel_timespec wait = {0, 0};
  if (wake > t) wait.tv_sec = (i64)((wake - t) / 1000000000UL), wait.tv_nsec = (i64)((wake - t) % 1000000000UL);
  p[0] = (struct pollfd){child_events, POLLIN, 0};
  p[1] = (struct pollfd){LISTENER, POLLIN, 0};
  for (int i = 0; i < 2; i++) p[2 + i] = (struct pollfd){reading ? pipes[i] : -1, POLLIN, 0};
  for (int i = 0; i < CLIENTS; i++) p[4 + i] = (struct pollfd){clients[i].fd, POLLIN, 0};
  if (SYS5(ppoll, p, 4 + CLIENTS, wake ? &wait : 0, 0, 8) <= 0) return;
  if (p[0].revents) {
    SYS3(read, child_events, chunk, CHUNK);
    reap();
  }
  for (int i = 0; i < 2; i++)
    if (p[2 + i].revents && pipes[i] >= 0) take_output(i, CHUNK);
  for (int i = 0; i < CLIENTS; i++)
    if (p[4 + i].revents && clients[i].fd >= 0) read_client(&clients[i]);
  if (p[1].revents) accept_client();
}

static void serve(void) {
  int out[2], err[2], report[2];
  i64 error = 0;
  u64 all = ~0UL;
  /* kill(-1) outside a sandbox of its own would end everything that its user runs. */
  if (SYS0(getpid) != 1) fail("serve is for process 1 of a sandbox", -EPERM);
  must("not dumpable", SYS5(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
  SYS3(close_range, LOG + 1, ~0U, 0);
  read_config();
  must("signals", SYS4(rt_sigprocmask, SIG_SETMASK, &all, 0, 8));
  u64 child = 1UL << (SIGCHLD - 1);
  int child_events = (int)must("signalfd", SYS4(signalfd4, -1, &child, 8, SFD_CLOEXEC | SFD_NONBLOCK));
  must("pipe", SYS2(pipe2, out, O_CLOEXEC));
  must("pipe", SYS2(pipe2, err, O_CLOEXEC));
  must("pipe", SYS2(pipe2, report, O_CLOEXEC));
  started = refilled = now();
  tokens = rate;
  main_pid = must("fork", SYS(clone, SIGCHLD, 0, 0, 0, 0, 0));
  if (main_pid == 0) become_workload(out[1], err[1], report[1]);
  SYS1(close, out[1]);
  SYS1(close, err[1]);
  SYS1(close, report[1]);
  pipes[0] = out[0];
  pipes[1] = err[0];
  for (int i = 0; i < 2; i++) SYS3(fcntl, pipes[i], F_SETFL, O_NONBLOCK);
  if (SYS3(read, report[0], &error, sizeof error) == (i64)sizeof error)
    notice("cannot start ", argv[0], error == -ENOENT ? ": no such file or directory" : error == -EACCES ? ": permission denied" : ": it cannot be executed here");
  else error = 0;
  SYS1(close, report[0]);

  for (int i = 0; i < CLIENTS; i++) clients[i].fd = i ? -1 : CHANNEL;
  SYS3(fcntl, CHANNEL, F_SETFL, O_NONBLOCK);
  struct text ready = {.n = 5, .s = "ready"};
  answer(&clients[0], &ready);

  while (!main_gone) {
    u64 t = now();
    if (deadline && t >= started + deadline) {
      if (!reason) reason = "deadline";
      break;
    }
    if (kill_at && t >= kill_at) break;
    turn(child_events);
  }
  kill_all(child_events);
  for (int i = 0; i < 2; i++)
    while (pipes[i] >= 0 && take_output(i, CHUNK)) {
    }
  write_status((int)-error);
  for (int i = 0; i < CLIENTS; i++) {
    struct text ended = {.n = 5, .s = "ended"};
    if (clients[i].fd >= 0) answer(&clients[i], &ended);
  }
  quit(0);
}
