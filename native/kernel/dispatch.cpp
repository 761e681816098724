// Chooses, once, the instruction set for the files in simd/.
#include <cstdlib>
#include <cstring>

#include "simd/kernels.hpp"

namespace fewpoints {
#if defined(__x86_64__)
#ifdef FEWPOINTS_HAVE_V2
namespace isa_v2 {
extern const SimdKernels table;
}
#endif
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
const SimdKernels& choose() {
#if defined(__x86_64__)
  const char* forced = std::getenv("FEWPOINTS_ISA");
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
#if defined(FEWPOINTS_HAVE_V2)
  return isa_v2::table;
#elif defined(FEWPOINTS_HAVE_V3)  // a build for tests, on a machine that has it
  return isa_v3::table;
#else
  return isa_v4::table;
#endif
#else
  return isa_plain::table;
#endif
}
}  // namespace

const SimdKernels& simd() {
  static const SimdKernels& chosen = choose();
  return chosen;
}

}  // namespace fewpoints
