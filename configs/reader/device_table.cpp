#include "configs/reader/device_table.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "configs/reader/excerpt.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kMostDevices = 256;

struct Word {
  std::string text;
  int line = 0, column = 0;
};
using Words = std::vector<Word>;

/// Words of a line; a terminal's codes for underlining are no part of them.
Words split_line(std::string_view text, int line) {
  Words words;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i + 1 < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) == 0) ++i;
    } else if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      inside = false;
    } else {
      if (!inside) words.push_back({"", line, static_cast<int>(i) + 1});
      inside = true;
      words.back().text += text[i];
    }
  }
  return words;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<DevicePair> parse_cell(const std::string& text) {
  if (text == "X") return DevicePair{Nearness::self};
  if (text == "PIX") return DevicePair{Nearness::pix};
  if (text == "PXB") return DevicePair{Nearness::pxb};
  if (text == "PHB") return DevicePair{Nearness::phb};
  if (text == "NODE") return DevicePair{Nearness::node};
  if (text == "SYS" || text == "SOC") return DevicePair{Nearness::sys};
  if (!text.starts_with("NV") || !is_number(text.substr(2)) || text.size() > 5) return std::nullopt;
  const int count = std::stoi(text.substr(2));
  if (count < 1) return std::nullopt;
  return DevicePair{Nearness::nvlink, count};
}

bool is_header(const Words& words) {
  return !words.empty() && is_gpu(words[0].text) && (words.size() == 1 || !parse_cell(words[1].text));
}

/// The matrix as it stands, with its own words.
struct Matrix {
  std::vector<std::string> names;           ///< columns
  std::vector<std::optional<Words>> cells;  ///< by row; a NIC may have none
  std::vector<std::string> affinity;        ///< by row: cores of the CPU
};

class MatrixReader {
 public:
  MatrixReader(const Document& document, Diagnostics& diagnostics) : document_(document), diagnostics_(diagnostics) {}

  Matrix read() {
    std::string_view rest = document_.text;
    bool begun = false;
    for (int line = 1; !rest.empty(); ++line) {
      const std::string_view text = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), text.size() + 1));
      const Words words = split_line(text, line);
      if (is_header(words)) {
        if (begun) break;
        begun = true;
        read_header(words);
      } else if (begun && !words.empty()) {
        read_row(words);
      }
    }
    for (std::size_t i = 0; i < matrix_.names.size(); ++i) {
      if (!matrix_.cells[i] && is_gpu(matrix_.names[i]))
        problem(header_[i], "there is no row for " + matrix_.names[i], "give the whole matrix");
    }
    return std::move(matrix_);
  }

  void problem(const Word& at, std::string what, std::string next, const Word* other = nullptr) {
    constexpr std::size_t kMostProblems = 20;
    if (diagnostics_.size() >= kMostProblems) return;
    std::optional<Place> conflict;
    if (other != nullptr) conflict = place(*other);
    diagnostics_.push_back({place(at), std::move(what), "", std::move(next), std::move(conflict)});
  }

 private:
  Place place(const Word& token) const {
    return place_in(document_.file, document_.text, token.line, token.column, token.text.size());
  }

  void read_header(const Words& words) {
    for (const Word& word : words) {
      if (word.text == "CPU" || word.text == "NUMA" || word.text == "GPU" || header_.size() > kMostDevices) break;
      if (std::find(matrix_.names.begin(), matrix_.names.end(), word.text) != matrix_.names.end())
        problem(word, "column " + word.text + " is there twice", "give each device one column");
      matrix_.names.push_back(word.text);
      header_.push_back(word);
    }
    has_affinity_ = words.size() > header_.size() && words[header_.size()].text == "CPU";
    if (header_.size() > kMostDevices) {
      problem(words[0], "more than 256 devices", "give the matrix of one server");
      matrix_.names.resize(1);
    }
    matrix_.cells.resize(matrix_.names.size());
    matrix_.affinity.resize(matrix_.names.size());
  }

  void read_row(const Words& words) {
    const auto found = std::find(matrix_.names.begin(), matrix_.names.end(), words[0].text);
    if (found == matrix_.names.end()) return;
    const auto row = static_cast<std::size_t>(found - matrix_.names.begin());
    const std::size_t columns = matrix_.names.size();
    if (words.size() < 2 || (!parse_cell(words[1].text) && words.size() <= columns)) return;  // a line of the legend
    if (matrix_.cells[row]) return problem(words[0], "row " + words[0].text + " is there twice", "keep one of them");
    if (words.size() <= columns)
      problem(words.back(),
              "this row ends after " + std::to_string(words.size() - 1) + " of " + std::to_string(columns) + " columns",
              "give the whole matrix");
    Words cells(words.begin() + 1, words.begin() + static_cast<std::ptrdiff_t>(std::min(words.size(), columns + 1)));
    for (std::size_t i = 0; i < cells.size(); ++i) check_cell(cells[i], i == row);
    cells.resize(columns, words[0]);
    matrix_.cells[row] = std::move(cells);
    if (has_affinity_ && words.size() > columns + 1 && words[columns + 1].text != "N/A")
      matrix_.affinity[row] = words[columns + 1].text;
  }

  void check_cell(const Word& cell, bool diagonal) {
    const auto parsed = parse_cell(cell.text);
    if (!parsed) {
      problem(cell, "'" + cell.text + "' is no connection", "write one of X, NV1 .. NV18, PIX, PXB, PHB, NODE, SYS");
    } else if ((parsed->nearness == Nearness::self) != diagonal) {
      problem(cell, diagonal ? "a device is X to itself" : "only a device itself is X", "copy the matrix as it was");
    }
  }

  const Document& document_;
  Diagnostics& diagnostics_;
  Matrix matrix_;
  Words header_;
  bool has_affinity_ = false;
};

/// Both halves of the matrix, checked against each other; a missing row is the mirror of its column.
std::vector<std::vector<DevicePair>> complete(const Matrix& matrix, MatrixReader& reader) {
  const std::size_t size = matrix.names.size();
  std::vector<std::vector<DevicePair>> cells(size, std::vector<DevicePair>(size, DevicePair{Nearness::sys}));
  for (std::size_t i = 0; i < size; ++i) {
    if (!matrix.cells[i]) continue;
    for (std::size_t j = 0; j < size; ++j) {
      if (i == j) continue;
      const Word& here = (*matrix.cells[i])[j];
      const DevicePair cell = parse_cell(here.text).value_or(DevicePair{Nearness::sys});
      if (j < i && matrix.cells[j] && !(parse_cell((*matrix.cells[j])[i].text) == cell))
        reader.problem(here, matrix.names[i] + " and " + matrix.names[j] + " are joined one way but not the other",
                       "copy the matrix as it was", &(*matrix.cells[j])[i]);
      if (cell.nearness == Nearness::nvlink && !(is_gpu(matrix.names[i]) && is_gpu(matrix.names[j])))
        reader.problem(here, "only GPUs have NVLinks", "copy the matrix as it was");
      cells[i][j] = cells[j][i] = cell;
    }
  }
  return cells;
}

}  // namespace

bool is_gpu(std::string_view name) { return name.starts_with("GPU") && is_number(name.substr(3)); }

bool has_device_table(std::string_view text) {
  for (int line = 1; !text.empty(); ++line) {
    const std::string_view words = text.substr(0, text.find('\n'));
    if (is_header(split_line(words, line))) return true;
    text.remove_prefix(std::min(text.size(), words.size() + 1));
  }
  return false;
}

Result<DeviceTable, Diagnostics> read_device_table(const Document& document) {
  Diagnostics diagnostics;
  MatrixReader reader(document, diagnostics);
  Matrix matrix = reader.read();
  if (!diagnostics.empty()) return diagnostics;
  std::vector<std::vector<DevicePair>> pairs = complete(matrix, reader);
  if (!diagnostics.empty()) return diagnostics;
  return DeviceTable{std::move(matrix.names), std::move(matrix.affinity), std::move(pairs)};
}

}  // namespace ithaca
