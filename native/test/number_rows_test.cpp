// Rows of plain numbers in text: the doubles of strtod, and a stop at every row of another kind.
#include "text/number_rows.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "base/list.hpp"
#include "expect.hpp"

using namespace fewpoints;

namespace {

struct Read {
  RowsRead result;
  List<double> points, weights;
  List<std::uint32_t> spans;
};

struct Choice {
  List<std::int32_t> slots{0, 1};
  List<std::int32_t> keep{-1, -1};
  List<double> missing;
  char newline = '\n', delimiter = ',', comment = 0;
  bool trailing = false, last = true;
  std::size_t most = 8;
};

Read read(const std::string& text, const Choice& choice = {}) {
  int width = 0, kept = 0;
  for (const std::int32_t slot : choice.slots) width += slot >= 0;
  for (const std::int32_t place : choice.keep) kept += place >= 0;
  const RowFormat format{choice.newline, choice.delimiter, choice.comment, choice.trailing, width,
                         choice.slots,   choice.keep,      kept,           choice.missing};
  Read read{{},
            List<double>(choice.most * usize(width)),
            List<double>(choice.most),
            List<std::uint32_t>(2 * choice.most * usize(kept))};
  const RowTarget target{read.points.data(), read.weights.data(), read.spans.data()};
  // An array of just this length, so that sanitizers see a byte read beyond it.
  const List<char> bytes(text.begin(), text.end());
  read.result = read_number_rows(bytes, 0, choice.last, format, choice.most, target);
  return read;
}

void test_kinds() {
  const Read two = read("1,2\r\n\n -3.5e1 ,+.25\n");
  expect(two.result.rows == 2 && two.result.lines == 3 && two.result.stop == RowStop::More, "two rows in three lines");
  expect(two.points[0] == 1 && two.points[1] == 2 && two.points[2] == -35 && two.points[3] == 0.25, "their numbers");
  for (const char* const row :
       {"1",       "1,2,3",   "1,",    ",1",      "1,2,", "a,1",     "1,0x10",  "1,nan",    "1,inf",
        "1,-inf",  "1,1e",    "1,--1", "1,+-1",   "1,.",  "1,-",     "1,1e400", "1,1e-400", "1,9007199254740993",
        "1,\"2\"", "\"1\",2", "1,2 3", "1,2\x0b", "1,2;", "1,1.5.2", "1,1d3",   "1,1_0",    "#1,2,"}) {
    const Read stopped = read(std::string("1,2\n") + row + "\n3,4\n");
    expect(stopped.result.stop == RowStop::Other && stopped.result.rows == 1 && stopped.result.end == 4,
           std::string("another kind: ") + row);
  }
  Choice choice;
  choice.last = false;
  expect(read("1,2\n3,4", choice).result.end == 4, "a line that may go on");
  choice.last = true;
  expect(read("1,2\n3,4", choice).result.rows == 2, "a last line without end");
  choice.most = 1;
  const Read full = read("1,2\n3,4\n", choice);
  expect(full.result.stop == RowStop::Full && full.result.end == 4, "no room");
}

void test_choices() {
  Choice choice;
  choice.trailing = true;
  expect(read("1,2,\n3,4, \n5,6\n", choice).result.rows == 3, "a delimiter at the end");
  expect(read("1,2,3\n", choice).result.stop == RowStop::Other, "a cell too many");
  choice = {};
  choice.delimiter = ' ';
  const Read blanks = read("  1 \t 2 \n3  4\n", choice);
  expect(blanks.result.rows == 2 && blanks.points[1] == 2 && blanks.points[2] == 3, "any number of blanks");
  choice = {};
  choice.comment = '#';
  choice.slots = {-1, 0};
  expect(read("#1,2\n", choice).result.stop == RowStop::Other, "a comment");
  expect(read("\xc2\xa0#,2\n", choice).result.stop == RowStop::Other, "perhaps a comment");
  choice.keep = {0, -1};
  const Read kept = read("abc,2\n,3\n", choice);
  expect(kept.result.rows == 2 && kept.spans[0] == 0 && kept.spans[1] == 3 && kept.spans[2] == kept.spans[3],
         "texts that are kept");
  choice = {};
  choice.missing = {-999};
  expect(read("1,-999.0\n", choice).result.stop == RowStop::Other, "a number for what is missing");
  choice = {};
  choice.newline = '\r';
  expect(read("1,2\r3,4\r", choice).result.rows == 2, "old line ends");
}

// Numbers of many lengths and forms, the doubles of strtod bit for bit.
void test_numbers() {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; i++) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number) || std::abs(number) < 1e-300) continue;
    char text[64];
    const int digits = static_cast<int>(random() % 20);
    const double small = std::ldexp(static_cast<double>(random() % 2000000), -static_cast<int>(random() % 30));
    switch (random() % 3) {
      case 0: std::snprintf(text, sizeof text, "%.*g", digits, number); break;
      case 1: std::snprintf(text, sizeof text, "%.*f", digits, small); break;
      default: std::snprintf(text, sizeof text, "%.17g", small); break;
    }
    Choice choice;
    choice.slots = {0};
    choice.keep = {-1};
    const Read one = read(std::string(text) + "\n", choice);
    const double expected = std::strtod(text, nullptr);
    const bool is_refused = std::abs(expected) >= 9007199254740992.0 || !std::isfinite(expected);
    expect(one.result.rows == 1 ? std::bit_cast<std::uint64_t>(one.points[0]) == std::bit_cast<std::uint64_t>(expected)
                                : is_refused,
           std::string("the number ") + text);
  }
}

}  // namespace

void test_number_rows() {
  place = "number rows";
  test_kinds();
  test_choices();
  test_numbers();
}
