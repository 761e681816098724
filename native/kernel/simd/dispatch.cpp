#include "simd/dispatch.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

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
#elif defined(__wasm__)
namespace isa_wasm {
extern const SimdKernels table;
}
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
#elif defined(__wasm__)
    {&isa_wasm::table, nullptr},
#else
    {&isa_plain::table, nullptr},
#endif
};

#if defined(__x86_64__)
// Registers that the system saves: those of SSE and AVX, and with them the masks and registers of AVX-512.
constexpr unsigned kXcr0Avx = 0x6, kXcr0Avx512 = 0xe6;
#endif

// By cpuid itself: __builtin_cpu_supports() needs a part of libgcc that not every compiler has.
Processor this_processor() {
#if defined(__x86_64__)
  Processor p{};
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return p;
  const auto has = [](unsigned bits, unsigned wanted) { return (bits & wanted) == wanted; };
  p.v2 = has(c, bit_SSE4_2 | bit_SSSE3 | bit_POPCNT);
  // The system must save the wider registers as well, which it tells in XCR0. A virtual machine may hide any of these:
  // a processor that lacks lzcnt would take it for another instruction.
  if (!has(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C | bit_MOVBE)) return p;
  unsigned saved = 0, high = 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  unsigned extended = 0;
  if (__get_cpuid(0x80000001, &a, &b, &extended, &d) == 0 || !has(extended, bit_LZCNT)) return p;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return p;
  p.v3 = p.v2 && has(saved, kXcr0Avx) && has(b, bit_AVX2 | bit_BMI | bit_BMI2);
  p.v4 = p.v3 && has(saved, kXcr0Avx512) &&
         has(b, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL);
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
