// Rows of plain numbers in the bytes of a text table. What a row must look like for that is narrow on purpose: the
// caller reads all other rows in a slower way, one by one, and gets the same numbers from both.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace fewpoints {

// How the rows of a table are written, and which of their cells are wanted.
struct RowFormat {
  char newline;
  // ' ' stands for any number of blanks and tabs. It must not be a character of numbers or a quote.
  char delimiter;
  // The first character of comments; 0 when there are none.
  char comment;
  // Whether a row may have an empty cell after its last one.
  bool trailing;
  // Numbers per row.
  int width;
  // Per column, the place of its number in the row; width: it is the weight; -1: it is not wanted.
  std::span<const std::int32_t> slots;
  // Per column, the place of its text among those that are kept; -1: it is not kept.
  std::span<const std::int32_t> keep;
  int kept;
  // Numbers that are not plain, because they stand for a missing value.
  std::span<const double> missing;
};

// Where the rows are written.
struct RowTarget {
  // rows x width
  double* points;
  // One per row. May be nullptr when no slot is the weight.
  double* weights;
  // rows x kept x 2: where a text begins and ends in the bytes.
  std::uint32_t* spans;
};

// Why the reading ended: the target is full, the bytes end inside a row, or a row is of another kind.
enum class RowStop { Full, More, Other };

struct RowsRead {
  std::size_t rows;
  // The place after the last row that was read.
  std::size_t end;
  // Lines up to there, blank ones included.
  std::size_t lines;
  RowStop stop;
};

// Reads rows from `begin` on, which is the beginning of a row: lines without quotes with one cell per column, whose
// wanted cells are decimal numbers with a point: the nearest double, but no whole number beyond 2^53. Blank lines are
// passed over. `last`: whether the last line may lack its end. At most `most` rows. bytes.size() must be below 2^32.
RowsRead read_number_rows(std::span<const char> bytes, std::size_t begin, bool last, const RowFormat& format,
                          std::size_t most, const RowTarget& target);

}  // namespace fewpoints
