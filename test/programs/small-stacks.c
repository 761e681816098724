// Preloaded: threads get stacks of 128 KiB, as those of musl do.
#define _GNU_SOURCE
#include <pthread.h>

__attribute__((constructor)) static void shrink(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 << 10);
  pthread_setattr_default_np(&attributes);
}
