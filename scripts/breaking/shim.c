/*
 * Makes the calls on files below a folder fail, or write less than asked, and the clock jump. For scripts/breaking/disk.mjs:
 *
 *     cc -shared -fPIC -o shim.so shim.c -ldl
 *     SHIM_PATH=/tmp/out SHIM_CALL=7 SHIM_ERRNO=5 LD_PRELOAD=./shim.so node ...
 *
 * SHIM_PATH   the folder
 * SHIM_CALL   the number of the call that fails, from 1, of those that write; and all after it, if SHIM_ALL is set
 * SHIM_READS  if set, it is one of those that read
 * SHIM_ERRNO  its error: 5 is EIO, 28 is ENOSPC, which a call that only frees space never gives
 * SHIM_SHORT  if set, every write takes one byte less than half of what it is given
 * SHIM_CLOCK  if set, the time of day jumps by up to three days, back and forth
 * SHIM_COUNT  a file to which a line is appended when the process ends: how many calls wrote, how many read, and how many
 *             failed, took less, or looked at a clock that had jumped
 *
 * These are the calls with which libuv, and so Node, does what Holdfast asks for. Not here: copies of files, permissions and
 * times, as Holdfast changes none of these; and the calls that only ask for a file's state, which do not read the disk's data.
 */
#define _GNU_SOURCE
#include <dirent.h>
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

static atomic_long writes, reads, hits;

/* What a call does: it reads, it writes, or it writes and takes no space. */
enum kind { READS, WRITES, FREES };

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
  ssize_t length = readlinkat(AT_FDCWD, link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}

/* Whether this call fails. */
static int fails(enum kind kind) {
  long call = atomic_fetch_add(kind == READS ? &reads : &writes, 1) + 1;
  if ((kind == READS) != (getenv("SHIM_READS") != NULL)) return 0;
  long at = setting("SHIM_CALL");
  int error = (int)setting("SHIM_ERRNO");
  if (at == 0 || call < at || (call > at && getenv("SHIM_ALL") == NULL)) return 0;
  if (kind == FREES && error == ENOSPC) return 0;
  atomic_fetch_add(&hits, 1);
  errno = error;
  return 1;
}

static size_t taken(size_t length) {
  if (getenv("SHIM_SHORT") == NULL || length < 4) return length;
  atomic_fetch_add(&hits, 1);
  return length / 2 - 1;
}

/* Of several buffers only the first is written: a write may take less than it is given. */
static int buffers_taken(int count) {
  if (getenv("SHIM_SHORT") == NULL || count < 2) return count;
  atomic_fetch_add(&hits, 1);
  return 1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("SHIM_COUNT");
  if (path == NULL) return;
  FILE *file = fopen(path, "a");
  if (file == NULL) return;
  fprintf(file, "%ld %ld %ld\n", atomic_load(&writes), atomic_load(&reads), atomic_load(&hits));
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
    enum kind kind = flags & (O_CREAT | O_WRONLY | O_RDWR) ? WRITES : READS; \
    if (below(path) && fails(kind)) return -1; \
    return real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define NAMES(name) \
  int name(const char *from, const char *to) { \
    REAL(name); \
    if (below(to) && fails(WRITES)) return -1; \
    return real(from, to); \
  }
NAMES(rename)
NAMES(link)
NAMES(symlink)

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (below(path) && fails(WRITES)) return -1;
  return real(path, mode);
}

#define REMOVE(name) \
  int name(const char *path) { \
    REAL(name); \
    if (below(path) && fails(FREES)) return -1; \
    return real(path); \
  }
REMOVE(unlink)
REMOVE(rmdir)
REMOVE(remove)

#define CUT(name, length_type) \
  int name(int file, length_type length) { \
    REAL(name); \
    if (open_below(file) && fails(FREES)) return -1; \
    return real(file, length); \
  }
CUT(ftruncate, off_t)
CUT(ftruncate64, off64_t)

#define FLUSH(name) \
  int name(int file) { \
    REAL(name); \
    if (open_below(file) && fails(WRITES)) return -1; \
    return real(file); \
  }
FLUSH(fsync)
FLUSH(fdatasync)

ssize_t write(int file, const void *bytes, size_t length) {
  REAL(write);
  if (!open_below(file)) return real(file, bytes, length);
  return fails(WRITES) ? -1 : real(file, bytes, taken(length));
}

#define PWRITE(name, offset_type) \
  ssize_t name(int file, const void *bytes, size_t length, offset_type offset) { \
    REAL(name); \
    if (!open_below(file)) return real(file, bytes, length, offset); \
    return fails(WRITES) ? -1 : real(file, bytes, taken(length), offset); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int file, const struct iovec *buffers, int count) {
  REAL(writev);
  if (!open_below(file)) return real(file, buffers, count);
  return fails(WRITES) ? -1 : real(file, buffers, buffers_taken(count));
}

#define PWRITEV(name, offset_type) \
  ssize_t name(int file, const struct iovec *buffers, int count, offset_type offset) { \
    REAL(name); \
    if (!open_below(file)) return real(file, buffers, count, offset); \
    return fails(WRITES) ? -1 : real(file, buffers, buffers_taken(count), offset); \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

ssize_t read(int file, void *bytes, size_t length) {
  REAL(read);
  return open_below(file) && fails(READS) ? -1 : real(file, bytes, length);
}

#define PREAD(name, offset_type) \
  ssize_t name(int file, void *bytes, size_t length, offset_type offset) { \
    REAL(name); \
    return open_below(file) && fails(READS) ? -1 : real(file, bytes, length, offset); \
  }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

ssize_t readv(int file, const struct iovec *buffers, int count) {
  REAL(readv);
  return open_below(file) && fails(READS) ? -1 : real(file, buffers, count);
}

#define PREADV(name, offset_type) \
  ssize_t name(int file, const struct iovec *buffers, int count, offset_type offset) { \
    REAL(name); \
    return open_below(file) && fails(READS) ? -1 : real(file, buffers, count, offset); \
  }
PREADV(preadv, off_t)
PREADV(preadv64, off64_t)

ssize_t readlink(const char *path, char *target, size_t size) {
  REAL(readlink);
  return below(path) && fails(READS) ? -1 : real(path, target, size);
}

DIR *opendir(const char *path) {
  REAL(opendir);
  return below(path) && fails(READS) ? NULL : real(path);
}

#define SCAN(name, entry) \
  int name(const char *path, struct entry ***names, int (*chosen)(const struct entry *), \
           int (*order)(const struct entry **, const struct entry **)) { \
    REAL(name); \
    return below(path) && fails(READS) ? -1 : real(path, names, chosen, order); \
  }
SCAN(scandir, dirent)
SCAN(scandir64, dirent64)

static void jump(time_t *seconds) {
  static atomic_long looks;
  if (getenv("SHIM_CLOCK") == NULL) return;
  long look = atomic_fetch_add(&looks, 1) / 20;
  if (look % 7 != 3) atomic_fetch_add(&hits, 1);
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
