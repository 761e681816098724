// Calls of the C library that fail on demand; for LD_PRELOAD. The variable FAULT, "name first count errno", chooses
// them. Calls of that name are counted from 1 since the last change of FAULT. From number `first` on, `count` of them
// (0: all that follow) fail with that error. If errno is 0 and the call writes, it writes half of the bytes instead.
// With the name "threads", at most `first` threads may live at once besides those that already lived, as under a limit
// of the system. With the name "allocation", the addon gets no memory; what Node and V8 ask for is left alone. Each
// failure adds a byte to the file FAULT_LOG. Calls on files count only when the path begins with FAULT_UNDER.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char current[128];
static long seen, living, living_before;

// -1: the call proceeds. Otherwise the errno with which it fails, 0 for a short write.
static int fault(const char* name) {
  const char* spec = getenv("FAULT");
  char wanted[64];
  long first, count;
  int error, result = -1;
  if (spec == NULL || sscanf(spec, "%63s %ld %ld %d", wanted, &first, &count, &error) != 4) return -1;
  if (strcmp(wanted, name) != 0) return -1;
  pthread_mutex_lock(&mutex);
  if (strcmp(spec, current) != 0) {
    snprintf(current, sizeof current, "%s", spec);
    seen = 0;
    living_before = living;
  }
  seen = strcmp(name, "threads") == 0 ? living - living_before : seen + 1;
  if (seen >= first && (count == 0 || seen < first + count)) result = error;
  pthread_mutex_unlock(&mutex);
  if (result >= 0 && getenv("FAULT_LOG") != NULL) {
    const long log = syscall(SYS_openat, AT_FDCWD, getenv("FAULT_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0644);
    syscall(SYS_write, log, ".", 1L);
    syscall(SYS_close, log);
  }
  return result;
}

static int is_under(const char* path) {
  const char* under = getenv("FAULT_UNDER");
  return under != NULL && strncmp(path, under, strlen(under)) == 0;
}

static int is_file_under(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_under(path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

struct thread {
  void* (*start)(void*);
  void* argument;
};
static void count_living(long change) {
  pthread_mutex_lock(&mutex);
  living += change;
  pthread_mutex_unlock(&mutex);
}
static void* counted(void* given) {
  const struct thread thread = *(struct thread*)given;
  free(given);
  void* const result = thread.start(thread.argument);
  count_living(-1);
  return result;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  const int error = fault("threads");
  if (error > 0) return error;
  struct thread* const own = malloc(sizeof *own);
  if (own == NULL) return EAGAIN;
  *own = (struct thread){start, argument};
  count_living(1);
  const int failed = NEXT(pthread_create)(thread, attributes, counted, own);
  if (failed) count_living(-1);
  return failed;
}

ssize_t write(int fd, const void* bytes, size_t count) {
  const int error = is_file_under(fd) ? fault("write") : -1;
  if (error > 0) return errno = error, -1;
  return NEXT(write)(fd, bytes, error == 0 ? (count + 1) / 2 : count);
}

#define ON_FILE(name)                                       \
  int name(int fd) {                                        \
    const int error = is_file_under(fd) ? fault(#name) : -1; \
    return error > 0 ? (errno = error, -1) : NEXT(name)(fd); \
  }
ON_FILE(fsync)

#define ON_PATHS(name)                                           \
  int name(const char* from, const char* to) {                   \
    const int error = is_under(from) ? fault(#name) : -1;         \
    return error > 0 ? (errno = error, -1) : NEXT(name)(from, to); \
  }
ON_PATHS(rename)
ON_PATHS(link)

static int opened(const char* name, const char* path, int flags, mode_t mode) {
  const int error = is_under(path) && (flags & O_CREAT) ? fault("open") : -1;
  if (error > 0) return errno = error, -1;
  return ((int (*)(const char*, int, ...))dlsym(RTLD_NEXT, name))(path, flags, mode);
}
#define OPEN(name)                             \
  int name(const char* path, int flags, ...) { \
    va_list rest;                              \
    va_start(rest, flags);                     \
    const mode_t mode = va_arg(rest, mode_t);  \
    va_end(rest);                              \
    return opened(#name, path, flags, mode);   \
  }
OPEN(open)
OPEN(open64)

// Where the addon's code lies, from the end of its loading on.
static ElfW(Addr) code_begin, code_end;

static int find_addon(struct dl_phdr_info* object, size_t size, void* unused) {
  (void)size, (void)unused;
  const char* const name = strrchr(object->dlpi_name, '/');
  if (name == NULL || strcmp(name, "/fewpoints.node") != 0) return 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)* const part = &object->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    code_begin = object->dlpi_addr + part->p_vaddr;
    code_end = code_begin + part->p_memsz;
  }
  return 1;
}

void* dlopen(const char* path, int flags) {
  void* const library = NEXT(dlopen)(path, flags);
  if (library != NULL && code_end == 0) dl_iterate_phdr(find_addon, NULL);
  return library;
}

static int is_refused(const void* caller) {
  const ElfW(Addr) address = (ElfW(Addr))caller;
  return address >= code_begin && address < code_end && fault("allocation") >= 0;
}
#define REFUSED is_refused(__builtin_return_address(0))

// glibc's own names: dlsym() may itself allocate.
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);

void* malloc(size_t bytes) { return REFUSED ? (errno = ENOMEM, NULL) : __libc_malloc(bytes); }
void* calloc(size_t count, size_t bytes) { return REFUSED ? (errno = ENOMEM, NULL) : __libc_calloc(count, bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) {
  return REFUSED ? (errno = ENOMEM, NULL) : __libc_memalign(alignment, bytes);
}
void* mmap(void* wanted, size_t bytes, int protection, int flags, int fd, off_t offset) {
  if (fd < 0 && REFUSED) return errno = ENOMEM, MAP_FAILED;
  return (void*)syscall(SYS_mmap, wanted, bytes, protection, flags, fd, offset);
}

// operator new, new[], and new that returns null. Compiled with -fexceptions, so that an exception passes.
static void* throwing(int refused, size_t bytes) {
  void* const got = refused ? NULL : __libc_malloc(bytes > 0 ? bytes : 1);
  if (got == NULL) ((void (*)(void))dlsym(RTLD_DEFAULT, "_ZSt17__throw_bad_allocv"))();
  return got;
}
void* _Znwm(size_t bytes) { return throwing(REFUSED, bytes); }
void* _Znam(size_t bytes) { return throwing(REFUSED, bytes); }
void* _ZnwmRKSt9nothrow_t(size_t bytes, const void* unused) {
  (void)unused;
  return REFUSED ? NULL : __libc_malloc(bytes > 0 ? bytes : 1);
}
