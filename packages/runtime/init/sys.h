/*
 * The floor under init.c: raw system calls for x86_64 and aarch64 and the few string helpers it needs. There is no C
 * library at run time, so the binary starts in microseconds, depends on nothing in the sandbox and is small enough to
 * be read in one sitting. Kernel headers give the numbers and structures; every call returns a value or -errno.
 */
#ifndef COREPOOL_SYS_H
#define COREPOOL_SYS_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/un.h>
#include <linux/wait.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

#define AF_UNIX 1
#define SOCK_STREAM 1
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC 02000000
#define MSG_DONTWAIT 0x40
#define MSG_NOSIGNAL 0x4000
#define NOINLINE __attribute__((noinline))

#if defined(__x86_64__)
static inline i64 sys6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  i64 r;
  register i64 r10 __asm__("r10") = d;
  register i64 r8 __asm__("r8") = e;
  register i64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return r;
}
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call start_c\n");
#elif defined(__aarch64__)
static inline i64 sys6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 x8 __asm__("x8") = n;
  register i64 x0 __asm__("x0") = a;
  register i64 x1 __asm__("x1") = b;
  register i64 x2 __asm__("x2") = c;
  register i64 x3 __asm__("x3") = d;
  register i64 x4 __asm__("x4") = e;
  register i64 x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n b start_c\n");
#else
#error "init is written for x86_64 and aarch64"
#endif

#define SYS(n, a, b, c, d, e, f) sys6(__NR_##n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), (i64)(e), (i64)(f))
#define SYS0(n) SYS(n, 0, 0, 0, 0, 0, 0)
#define SYS1(n, a) SYS(n, a, 0, 0, 0, 0, 0)
#define SYS2(n, a, b) SYS(n, a, b, 0, 0, 0, 0)
#define SYS3(n, a, b, c) SYS(n, a, b, c, 0, 0, 0)
#define SYS4(n, a, b, c, d) SYS(n, a, b, c, d, 0, 0)
#define SYS5(n, a, b, c, d, e) SYS(n, a, b, c, d, e, 0)

/* gcc may call these for structure copies even in freestanding code. */
void *memset(void *p, int c, u64 n) {
  for (u64 i = 0; i < n; i++) ((volatile u8 *)p)[i] = (u8)c;
  return p;
}
void *memcpy(void *restrict d, const void *restrict s, u64 n) {
  for (u64 i = 0; i < n; i++) ((volatile u8 *)d)[i] = ((const u8 *)s)[i];
  return d;
}

static u64 length(const char *s) {
  u64 n = 0;
  while (s[n]) n++;
  return n;
}

static int equal(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/* The text after `prefix` in `s`, or 0. */
static const char *after(const char *s, const char *prefix) {
  while (*prefix)
    if (*s++ != *prefix++) return 0;
  return s;
}

/* Decimal digits up to the first other character; saturates far above any real value. */
static u64 number(const char *s) {
  u64 n = 0;
  while (*s >= '0' && *s <= '9') {
    if (n > 1000000000000000000UL) return n;
    n = n * 10 + (u64)(*s++ - '0');
  }
  return n;
}

/* Builds one line of text; what does not fit is cut off. */
struct text {
  u64 n;
  char s[768];
};
static void put(struct text *t, const char *s) {
  while (*s && t->n < sizeof t->s) t->s[t->n++] = *s++;
}
static void put_number(struct text *t, u64 v) {
  char digits[21];
  int i = 20;
  digits[i] = 0;
  do digits[--i] = (char)('0' + v % 10);
  while (v /= 10);
  put(t, digits + i);
}
static void put_hex(struct text *t, const u8 *bytes, u64 n) {
  for (u64 i = 0; i < n; i++) {
    char pair[3] = {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15], 0};
    put(t, pair);
  }
}

/* Reads exactly `n` bytes from hexadecimal text; 0 when the text is something else. */
static int from_hex(const char *s, u8 *out, u64 n) {
  for (u64 i = 0; i < 2 * n; i++) {
    char c = s[i];
    int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (v < 0) return 0;
    out[i / 2] = (u8)(out[i / 2] << 4 | v);
  }
  return s[2 * n] == 0;
}

/* Nanoseconds since boot, suspended time included. */
static u64 now(void) {
  struct __kernel_timespec t = {0, 0};
  SYS2(clock_gettime, 7 /* CLOCK_BOOTTIME */, &t);
  return (u64)t.tv_sec * 1000000000UL + (u64)t.tv_nsec;
}

#endif
