// Chooses, once, the instruction set for the files in simd/.
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "instruction_set.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
#if defined(__x86_64__)
namespace isa_v2 {
extern const SimdKernels table;
}
#ifdef FEWPOINTS_HAVE_V3
namespace isa_v3 {
extern const SimdKernels table;
}
#endif
#ifdef FEWPOINTS_HAVE_V4
namespace isa_v4 {
extern const SimdKernels table;
}
#endif
#else
namespace isa_plain {
extern const SimdKernels table;
}
#endif

namespace {
// forced: the highest level that may be chosen; nullptr: any.
const SimdKernels& choose([[maybe_unused]] const char* forced) {
#if defined(__x86_64__)
  const auto allowed = [forced](const char* level) { return forced == nullptr || std::strcmp(forced, level) >= 0; };
  __builtin_cpu_init();
  [[maybe_unused]] const bool v3 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  [[maybe_unused]] const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                   __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                                   __builtin_cpu_supports("avx512vl");
#ifdef FEWPOINTS_HAVE_V4
  if (v4 && allowed("v4")) return isa_v4::table;
#endif
#ifdef FEWPOINTS_HAVE_V3
  if (v3 && allowed("v3")) return isa_v3::table;
#endif
  static_cast<void>(allowed);
  return isa_v2::table;
#else
  return isa_plain::table;
#endif
}

std::atomic<const SimdKernels*> in_use{nullptr};
}  // namespace

const SimdKernels& simd() {
  const SimdKernels* table = in_use.load(std::memory_order_acquire);
  if (table == nullptr) {  // whoever else comes here chooses the same
    table = &choose(std::getenv("FEWPOINTS_ISA"));
    in_use.store(table, std::memory_order_release);
  }
  return *table;
}

bool use_instruction_set(const char* level) {
  const SimdKernels& table = choose(level);
  if (std::strcmp(table.name, level) != 0) return false;
  in_use.store(&table, std::memory_order_release);
  return true;
}

}  // namespace fewpoints
