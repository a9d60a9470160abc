/*
 * Makes the calls that write below a folder fail, or write less than asked, and the clock jump. For scripts/breaking/disk.mjs:
 *
 *     cc -shared -fPIC -o shim.so shim.c -ldl
 *     SHIM_PATH=/tmp/out SHIM_CALL=7 SHIM_ERRNO=5 LD_PRELOAD=./shim.so node ...
 *
 * SHIM_PATH   the folder
 * SHIM_CALL   the number of the call that fails, from 1; and all after it, if SHIM_ALL is set
 * SHIM_ERRNO  its error: 5 is EIO, 28 is ENOSPC
 * SHIM_SHORT  if set, every write takes one byte less than half of what it is given
 * SHIM_COUNT  a file to which the number of calls is appended when the process ends
 * SHIM_CLOCK  if set, the time of day jumps by up to three days, back and forth
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls;

static long setting(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? 0 : atol(value);
}

static int below(const char *path) {
  const char *folder = getenv("SHIM_PATH");
  return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int open_below(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}

/* Whether this call fails. */
static int fails(void) {
  long call = atomic_fetch_add(&calls, 1) + 1;
  long at = setting("SHIM_CALL");
  if (at == 0 || call < at || (call > at && getenv("SHIM_ALL") == NULL)) return 0;
  errno = (int)setting("SHIM_ERRNO");
  return 1;
}

static size_t taken(size_t length) {
  return getenv("SHIM_SHORT") == NULL || length < 4 ? length : length / 2 - 1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("SHIM_COUNT");
  if (path == NULL) return;
  FILE *file = fopen(path, "a");
  if (file == NULL) return;
  fprintf(file, "%ld\n", atomic_load(&calls));
  fclose(file);
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = va_arg(rest, mode_t); \
    va_end(rest); \
    if ((flags & (O_CREAT | O_WRONLY | O_RDWR)) && below(path) && fails()) return -1; \
    return real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define PATHS(name) \
  int name(const char *from, const char *to) { \
    REAL(name); \
    if (below(to) && fails()) return -1; \
    return real(from, to); \
  }
PATHS(rename)
PATHS(link)
PATHS(symlink)

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (below(path) && fails()) return -1;
  return real(path, mode);
}

#define FLUSH(name) \
  int name(int file) { \
    REAL(name); \
    if (open_below(file) && fails()) return -1; \
    return real(file); \
  }
FLUSH(fsync)
FLUSH(fdatasync)

ssize_t write(int file, const void *bytes, size_t length) {
  REAL(write);
  if (!open_below(file)) return real(file, bytes, length);
  return fails() ? -1 : real(file, bytes, taken(length));
}

#define PWRITE(name, offset_type) \
  ssize_t name(int file, const void *bytes, size_t length, offset_type offset) { \
    REAL(name); \
    if (!open_below(file)) return real(file, bytes, length, offset); \
    return fails() ? -1 : real(file, bytes, taken(length), offset); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

/* Of several buffers only the first is written: a write may take less than it is given. */
ssize_t writev(int file, const struct iovec *buffers, int count) {
  REAL(writev);
  if (!open_below(file)) return real(file, buffers, count);
  return fails() ? -1 : real(file, buffers, getenv("SHIM_SHORT") == NULL ? count : 1);
}

static void jump(time_t *seconds) {
  static atomic_long looks;
  if (getenv("SHIM_CLOCK") == NULL) return;
  long look = atomic_fetch_add(&looks, 1) / 20;
  *seconds += (look % 7 - 3) * 24 * 60 * 60;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) jump(&now->tv_sec);
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  REAL(gettimeofday);
  int result = real(now, zone);
  if (result == 0) jump(&now->tv_sec);
  return result;
}
