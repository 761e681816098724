#include "text/number_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <version>
#ifdef __cpp_lib_to_chars
#include <charconv>
#else  // libc++ has from_chars for whole numbers only
#include <fast_float/fast_float.h>
#endif

#include "base/list.hpp"
#include "base/narrow.hpp"

namespace fewpoints {
namespace {

#ifdef __cpp_lib_to_chars
using std::from_chars;
#else
using fast_float::from_chars;
#endif

constexpr double kTwo53 = 9007199254740992.0;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether all digits before the exponent are zeros. Libraries differ in whether 1e-400 is an error or zero.
bool is_written_zero(const char* begin, const char* end) {
  for (const char* c = begin; c != end && *c != 'e' && *c != 'E'; c++)
    if (is_digit(*c) && *c != '0') return false;
  return true;
}

// The first c in [begin, end), or end.
const char* find(const char* begin, const char* end, char c) {
  const void* const found = begin == end ? nullptr : std::memchr(begin, c, usize(end - begin));
  return found == nullptr ? end : static_cast<const char*>(found);
}

// A whole number below 2^53 over a power of ten up to 10^22: both are doubles, so one division rounds once.
constexpr std::uint64_t kMostExact = (std::uint64_t{1} << 53) - 1;
constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
// So many digits never exceed 64 bits.
constexpr std::ptrdiff_t kFewDigits = 19;
// A cell of more characters is likely to have more digits than a double holds exactly.
constexpr std::ptrdiff_t kShort = 16;

// Sets `at` to the end of a number of few digits without an exponent. Returns false when it is of another kind.
bool read_short(const char*& at, const char* end, double& number) {
  const char* p = at;
  const bool negative = p < end && *p == '-';
  if (negative) p++;
  const char* const limit = std::min(end, p + kFewDigits);
  std::uint64_t digits = 0;
  const char* const begin = p;
  while (p < limit && is_digit(*p)) digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
  const char* point = p;
  if (p < limit && *p == '.') {
    p++;
    while (p < limit && is_digit(*p)) digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
  } else {
    point = p - 1;
  }
  const std::ptrdiff_t decimals = p - point - 1;
  const bool is_number = p - begin > (point >= begin && *point == '.' ? 1 : 0);
  const bool goes_on = p < end && (is_digit(*p) || *p == '.' || *p == 'e' || *p == 'E');
  if (!is_number || goes_on || digits > kMostExact) return false;
  const double value = static_cast<double>(digits) / kPowers[decimals];
  number = negative ? -value : value;
  at = p;
  return true;
}

// Sets `at` to the end of the decimal number that begins there. Returns false when there is none, or none that both
// ways of reading take for the same.
bool read_long(const char*& at, const char* end, double& number) {
  const char* begin = at;
  if (begin < end && *begin == '+') begin++;
  const char* const digits = begin < end && *begin == '-' && begin == at ? begin + 1 : begin;
  // This leaves out the words for infinity and NaN.
  if (digits == end || !(is_digit(*digits) || *digits == '.')) return false;
  const auto [stop, error] = from_chars(begin, end, number);
  if (error != std::errc() || !std::isfinite(number)) return false;
  if (number == 0 && !is_written_zero(begin, stop)) return false;
  at = stop;
  if (std::abs(number) < kTwo53) return true;
  return std::any_of(begin, stop, [](char c) { return c == '.' || c == 'e' || c == 'E'; });
}

class LineReader {
 public:
  LineReader(const char* bytes, const RowFormat& format, const RowTarget& target)
      : bytes_(bytes), format_(format), target_(target), blanks_(format.delimiter == ' '), long_(format.slots.size()) {}

  // Whether the line is passed over.
  bool is_blank(const char* begin, const char* end) const { return skip_blanks(begin, end) == end; }

  // Reads a line as row number `row`. Returns false when it is of another kind.
  bool read(const char* at, const char* end, std::size_t row) {
    if (!is_ordinary(at, end)) return false;
    const std::size_t columns = format_.slots.size();
    if (blanks_) {
      at = skip_blanks(at, end);
      while (end > at && is_blank(end[-1])) end--;
    }
    for (std::size_t column = 0; column < columns; column++) {
      if (column > 0) {
        if (at == end) return false;
        at = blanks_ ? skip_blanks(at, end) : at + 1;
      }
      if (!read_cell(at, end, column, row)) return false;
    }
    if (at == end) return true;
    return format_.trailing && !blanks_ && is_blank(at + 1, end);
  }

 private:
  bool is_blank(char c) const { return c == ' ' || (c == '\t' && format_.delimiter != '\t'); }

  const char* skip_blanks(const char* at, const char* end) const {
    while (at < end && is_blank(*at)) at++;
    return at;
  }

  // Whether the line is no comment. At the ends of a line there may be white space of other kinds.
  bool is_ordinary(const char* begin, const char* end) const {
    if (!blanks_ && format_.comment == 0) return true;
    const auto is_printed = [](char c) { return (c >= ' ' || c == '\t') && c < 127; };
    const char* first = begin;
    while (first < end && (*first == ' ' || *first == '\t')) first++;
    return first < end && is_printed(*first) && is_printed(end[-1]) &&
           (format_.comment == 0 || *first != format_.comment);
  }

  // Sets `at` to the delimiter after the cell, or to the end of the line.
  bool read_cell(const char*& at, const char* end, std::size_t column, std::size_t row) {
    const char* const begin = at;
    const std::int32_t slot = format_.slots[column];
    if (slot < 0) {
      at = blanks_ ? std::find_if(at, end, [&](char c) { return is_blank(c); }) : find(at, end, format_.delimiter);
    } else {
      if (!blanks_) at = skip_blanks(at, end);
      double number = 0;
      // Numbers of a column mostly have one length.
      const bool is_short = !long_[column] && read_short(at, end, number);
      if (!is_short && !read_long(at, end, number)) return false;
      long_[column] = !is_short && at - begin > kShort;
      for (const double value : format_.missing)
        if (number == value) return false;
      if (!blanks_) at = skip_blanks(at, end);
      if (at != end && !(blanks_ ? is_blank(*at) : *at == format_.delimiter)) return false;
      if (slot == format_.width)
        target_.weights[row] = number;
      else
        target_.points[row * usize(format_.width) + usize(slot)] = number;
    }
    const std::int32_t keep = format_.keep[column];
    if (keep >= 0) {
      std::uint32_t* const span = target_.spans + 2 * (row * usize(format_.kept) + usize(keep));
      span[0] = static_cast<std::uint32_t>(begin - bytes_);
      span[1] = static_cast<std::uint32_t>(at - bytes_);
    }
    return true;
  }

  const char* bytes_;
  const RowFormat& format_;
  const RowTarget& target_;
  bool blanks_;
  // Per column, whether its last number had many digits.
  List<std::uint8_t> long_;
};

}  // namespace

RowsRead read_number_rows(std::span<const char> bytes, std::size_t begin, bool last, const RowFormat& format,
                          std::size_t most, const RowTarget& target) {
  const char* const start = bytes.data();
  const char* const end = start + bytes.size();
  LineReader reader(start, format, target);
  RowsRead result{0, begin, 0, RowStop::More};
  const char* at = start + begin;
  // Lines before the first quote have none.
  const char* const quote = find(at, end, '"');
  while (at < end) {
    if (result.rows == most) {
      result.stop = RowStop::Full;
      break;
    }
    const char* const newline = find(at, end, format.newline);
    if (newline == end && !last) break;
    const char* line_end = newline;
    while (line_end > at && line_end[-1] == '\r') line_end--;
    if (!reader.is_blank(at, line_end)) {
      if (newline > quote || !reader.read(at, line_end, result.rows)) {
        result.stop = RowStop::Other;
        break;
      }
      result.rows++;
    }
    result.lines++;
    at = newline == end ? end : newline + 1;
    result.end = usize(at - start);
  }
  return result;
}

}  // namespace fewpoints
