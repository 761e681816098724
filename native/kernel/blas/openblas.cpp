#include "blas/openblas.hpp"

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <mutex>
#include <string_view>

#include "blas/blas.hpp"
#include "simd/kernels.hpp"

#ifdef FEWPOINTS_SLIM_OPENBLAS

// What the kernels of OpenBLAS look for, which its own files define in another way. Its memory comes from the caller:
// its own ends the process when there is none. Its number of threads is 1, and nothing starts one. The kernels are
// those of the instruction set that simd/dispatch.cpp has chosen.
namespace {
thread_local double* scratch_of_thread = nullptr;
}
extern "C" {
void* gotoblas = nullptr;  // the table of kernels in use
int blas_cpu_number = 1;
void* blas_memory_alloc(int) { return scratch_of_thread; }
void blas_memory_free(void*) {}
int openblas_get_parallel() { return 0; }
char* openblas_get_config();
char* gotoblas_corename();

#if defined(__linux__) && !defined(__GLIBC__)
// An archive that was compiled for glibc calls its checked forms of these, for the text of the configuration.
int __snprintf_chk(char* to, std::size_t size, int, std::size_t, const char* format, ...) {
  std::va_list values;
  va_start(values, format);
  const int length = std::vsnprintf(to, size, format, values);
  va_end(values);
  return length;
}
char* __strcat_chk(char* to, const char* from, std::size_t) { return std::strcat(to, from); }
#endif

#define FEWPOINTS_CORE(set)           \
  extern char fewpoints_blas_##set[]; \
  void fewpoints_blas_init_##set();
#ifdef FEWPOINTS_BLAS_V2
FEWPOINTS_CORE(v2)
#endif
#ifdef FEWPOINTS_BLAS_V3
FEWPOINTS_CORE(v3)
#endif
#ifdef FEWPOINTS_BLAS_V4
FEWPOINTS_CORE(v4)
#endif
#ifdef FEWPOINTS_BLAS_PLAIN
FEWPOINTS_CORE(plain)
#endif
}

namespace fewpoints {
namespace {

struct Core {
  std::string_view set;  // the instruction set
  const char* name;
  void* table;
  void (*init)();
};
const Core kCores[] = {
#ifdef FEWPOINTS_BLAS_V2
    {"v2", FEWPOINTS_BLAS_V2, fewpoints_blas_v2, fewpoints_blas_init_v2},
#endif
#ifdef FEWPOINTS_BLAS_V3
    {"v3", FEWPOINTS_BLAS_V3, fewpoints_blas_v3, fewpoints_blas_init_v3},
#endif
#ifdef FEWPOINTS_BLAS_V4
    {"v4", FEWPOINTS_BLAS_V4, fewpoints_blas_v4, fewpoints_blas_init_v4},
#endif
#ifdef FEWPOINTS_BLAS_PLAIN
    {"plain", FEWPOINTS_BLAS_PLAIN, fewpoints_blas_plain, fewpoints_blas_init_plain},
#endif
};

std::atomic<const Core*> in_use{nullptr};
std::mutex choosing;

// The kernels of the instruction set in use.
const Core& core() {
  const std::string_view set = simd().name;
  const Core* now = in_use.load(std::memory_order_acquire);
  if (now != nullptr && now->set == set) return *now;
  const std::lock_guard<std::mutex> lock(choosing);
  now = in_use.load(std::memory_order_relaxed);
  if (now != nullptr && now->set == set) return *now;
  now = &*std::find_if(std::begin(kCores), std::end(kCores), [&](const Core& each) { return each.set == set; });
  now->init();
  gotoblas = now->table;
  in_use.store(now, std::memory_order_release);
  return *now;
}

}  // namespace

extern "C" char* gotoblas_corename() { return const_cast<char*>(in_use.load(std::memory_order_acquire)->name); }

BlasCall::BlasCall(double* scratch) {
  core();
  scratch_of_thread = scratch;
}
BlasCall::~BlasCall() { scratch_of_thread = nullptr; }

std::string blas_core() { return core().name; }
std::string blas_config() {
  core();
  const std::lock_guard<std::mutex> lock(choosing);  // the text is put together in one place
  return openblas_get_config();
}
int blas_threads() { return blas_cpu_number; }
void use_one_blas_thread() {}

}  // namespace fewpoints

#else

// BLAS is a library of the machine.
#ifdef FEWPOINTS_OPENBLAS
extern "C" {
char* openblas_get_config();
char* openblas_get_corename();
int openblas_get_num_threads();
void openblas_set_num_threads(int);
}
#endif

namespace fewpoints {

BlasCall::BlasCall(double*) {}
BlasCall::~BlasCall() = default;

#ifdef FEWPOINTS_OPENBLAS
std::string blas_core() { return openblas_get_corename(); }
std::string blas_config() { return openblas_get_config(); }
int blas_threads() { return openblas_get_num_threads(); }
void use_one_blas_thread() { openblas_set_num_threads(1); }
#else
std::string blas_core() { return ""; }
std::string blas_config() { return ""; }
int blas_threads() { return 0; }
void use_one_blas_thread() {}
#endif

}  // namespace fewpoints
#endif
