#include "simd/dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/status.hpp"

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

// Best first.
struct Level {
  const SimdKernels* table;
  bool Processor::*runs;  // nullptr: always
};
const Level kLevels[] = {
#if defined(__x86_64__)
#ifdef FEWPOINTS_HAVE_V4
    {&isa_v4::table, &Processor::v4},
#endif
#ifdef FEWPOINTS_HAVE_V3
    {&isa_v3::table, &Processor::v3},
#endif
#ifdef FEWPOINTS_HAVE_V2  // some test builds leave it out
    {&isa_v2::table, &Processor::v2},
#endif
#else
    {&isa_plain::table, nullptr},
#endif
};

Processor this_processor() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  Processor p{};
  p.v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt");
  p.v3 = p.v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  p.v4 = p.v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return p;
#else
  return {false, false, false};
#endif
}

std::atomic<const SimdKernels*> in_use{nullptr};
}  // namespace

const SimdKernels& table_for(const char* asked, const Processor& processor) {
  constexpr std::size_t kMaxShown = 40;
  std::string names;
  for (const Level& level : kLevels) {
    const bool runs = level.runs == nullptr || processor.*level.runs;
    const std::string name = level.table->name;
    if (asked == nullptr ? runs : name == asked) {
      if (!runs) throw Error(Code::Option, "FEWPOINTS_ISA is '" + name + "', which this processor lacks");
      return *level.table;
    }
    names = name + (names.empty() ? "" : ", ") + names;
  }
  if (asked == nullptr) throw Error(Code::Option, "this processor lacks SSE 4.2, and with it every level of: " + names);
  throw Error(Code::Option, "FEWPOINTS_ISA must be one of " + names + ", or not set; got '" +
                                std::string(asked).substr(0, kMaxShown) + "'");
}

const SimdKernels& simd() {
  const SimdKernels* table = in_use.load(std::memory_order_acquire);
  if (table == nullptr) {  // threads that come here at the same time choose the same table
    table = &table_for(std::getenv("FEWPOINTS_ISA"), this_processor());
    in_use.store(table, std::memory_order_release);
  }
  return *table;
}

bool use_instruction_set(const char* level) {
  try {
    in_use.store(&table_for(level, this_processor()), std::memory_order_release);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace fewpoints
