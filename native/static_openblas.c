// Only in builds with OpenBLAS linked statically.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// OpenBLAS starts a thread for every processor while it is loaded unless the environment says otherwise, and in a
// worker process.env is only a copy. A constructor with a priority runs before OpenBLAS's own, which has none.
static int added;
__attribute__((constructor(101))) static void one_blas_thread(void) {
  added = getenv("OPENBLAS_NUM_THREADS") == NULL;
  if (added) setenv("OPENBLAS_NUM_THREADS", "1", 0);
}

// Child processes get the environment as it was: called by the addon, once, when all is loaded.
void fewpoints_restore_environment(void) {
  if (added) unsetenv("OPENBLAS_NUM_THREADS");
  added = 0;
}

// LAPACK is Fortran, but all that it needs of libgfortran is the concatenation of strings: this makes libgfortran and
// libquadmath unnecessary. d[0..n) = s1 s2, cut or padded with blanks.
__attribute__((weak)) void _gfortran_concat_string(size_t n, char* d, size_t n1, const char* s1, size_t n2,
                                                   const char* s2) {
  if (n1 >= n) {
    memcpy(d, s1, n);
    return;
  }
  memcpy(d, s1, n1);
  d += n1;
  n -= n1;
  if (n2 >= n) {
    memcpy(d, s2, n);
    return;
  }
  memcpy(d, s2, n2);
  memset(d + n2, ' ', n - n2);
}
