#include "configs/reader/topo_matrix.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <optional>

#include "configs/reader/document.hpp"
#include "configs/reader/excerpt.hpp"
#include "configs/reader/nccl_rates.hpp"
#include "configs/reader/server_graph.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kMostDevices = 256;
constexpr int kMostNvlinks = 18;  ///< of a GPU, in every generation so far

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
bool is_gpu(const std::string& name) { return name.starts_with("GPU") && is_number(std::string_view(name).substr(3)); }

/// How near two devices are; `nvlinks` joins them directly.
enum class Nearness { self, pix, pxb, phb, node, sys, nvlink };
struct Cell {
  Nearness nearness{};
  int nvlinks = 0;
  friend bool operator==(const Cell&, const Cell&) = default;
};
std::optional<Cell> parse_cell(const std::string& text) {
  if (text == "X") return Cell{Nearness::self};
  if (text == "PIX") return Cell{Nearness::pix};
  if (text == "PXB") return Cell{Nearness::pxb};
  if (text == "PHB") return Cell{Nearness::phb};
  if (text == "NODE") return Cell{Nearness::node};
  if (text == "SYS" || text == "SOC") return Cell{Nearness::sys};
  if (!text.starts_with("NV") || !is_number(text.substr(2)) || text.size() > 5) return std::nullopt;
  const int count = std::stoi(text.substr(2));
  if (count < 1) return std::nullopt;
  return Cell{Nearness::nvlink, count};
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

/// Groups of devices that grow together.
class Groups {
 public:
  explicit Groups(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  /// The lower number stands for both.
  void join(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

/// What the matrix does not say.
struct Rates {
  BytesPerSecond nvlink, pcie, cpu;
};
Rates rates_for(int sm, CpuVendor cpu) {
  const double transfers = sm >= 90 || sm == 0 ? 32 : sm >= 80 ? 16 : 8;
  const BytesPerSecond between = cpu == CpuVendor::arm ? nccl::cpu_rate("arm64", "", 0, 0)
                                 : cpu == CpuVendor::amd
                                     ? nccl::cpu_rate("x86_64", "AuthenticAMD", 0, 0)
                                     : nccl::cpu_rate("x86_64", "GenuineIntel", 6, sm >= 90 ? 0x8F : 0x6A);
  return {nccl::nvlink_rate(sm), nccl::pcie_rate(transfers, 16), between};
}

class MatrixGraph {
 public:
  MatrixGraph(const Matrix& matrix, std::vector<std::vector<Cell>> cells, const Cluster* cluster)
      : matrix_(matrix), cells_(std::move(cells)), size_(matrix.names.size()) {
    const int sm = cluster != nullptr ? cluster->gpu.arch : most_nvlinks() > 12 ? 90 : 80;
    rates_ = rates_for(sm, cluster != nullptr ? cluster->cpu : CpuVendor::intel);
    if (cluster == nullptr)
      graph_.notice(std::string("the matrix names no rates: taken as ") + (sm == 90 ? "H100" : "A100") +
                    " on Intel CPUs; --cluster says otherwise");
    graph_.notice("rates are those that NCCL computes with, below the wire's");
  }

  LoadedGraph build() {
    for (std::size_t i = 0; i < size_; ++i) {
      if (is_gpu(matrix_.names[i])) way_up_.push_back(graph_.add_node(NodeKind::gpu, 0));
      if (!is_gpu(matrix_.names[i])) way_up_.push_back(graph_.add_node(NodeKind::nic, 0));
    }
    join_nvlinks();
    Groups cpus = group_by_cpu();
    Groups near = group([](Nearness n) { return n == Nearness::pix; });
    add_switches(near);
    Groups far = group([](Nearness n) { return n == Nearness::pix || n == Nearness::pxb; });
    add_switches(far);
    add_cpus(cpus);
    return std::move(graph_).finish();
  }

 private:
  using Wire = ServerGraph::Wire;
  bool gpu(std::size_t i) const { return is_gpu(matrix_.names[i]); }

  int most_nvlinks() const {
    int most = 0;
    for (const auto& row : cells_) {
      for (const Cell& cell : row) most = std::max(most, cell.nvlinks);
    }
    return most;
  }

  /// The NVLinks of each GPU into NVSwitches; 0 where GPUs are joined directly.
  int switched_nvlinks() const {
    int each = -1, gpus = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (gpu(i)) ++gpus;
      for (std::size_t j = 0; j < size_; ++j) {
        if (i == j || !gpu(i) || !gpu(j)) continue;
        if (each >= 0 && cells_[i][j].nvlinks != each) return 0;
        each = cells_[i][j].nvlinks;
      }
    }
    return each * (gpus - 1) > kMostNvlinks ? each : 0;
  }

  void join_nvlinks() {
    if (const int each = switched_nvlinks(); each > 0) {
      const std::uint32_t hub = graph_.add_node(NodeKind::nvswitch, 0);
      for (std::size_t i = 0; i < size_; ++i) {
        if (gpu(i)) graph_.add_cable(way_up_[i], hub, rates_.nvlink * each, Wire::nvlink);
      }
      return;
    }
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (cells_[i][j].nvlinks > 0)
          graph_.add_cable(way_up_[j], way_up_[i], rates_.nvlink * cells_[i][j].nvlinks, Wire::nvlink);
      }
    }
  }

  template <class Near>
  Groups group(Near near) const {
    Groups groups(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (near(cells_[i][j].nearness)) groups.join(i, j);
      }
    }
    return groups;
  }

  /// NVLink hides how near two GPUs are by PCIe; their CPU affinity tells.
  Groups group_by_cpu() {
    Groups cpus = group([](Nearness n) { return n != Nearness::sys && n != Nearness::nvlink && n != Nearness::self; });
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const std::string &a = matrix_.affinity[i], &b = matrix_.affinity[j];
        const bool hidden = a.empty() && b.empty() && cells_[i][j].nearness == Nearness::nvlink;
        if (!hidden && (a.empty() || a != b)) continue;
        cpus.join(i, j);
        if (cells_[i][j].nearness == Nearness::sys)
          graph_.notice("GPUs with the same CPU affinity are taken to share that CPU, though the matrix says SYS");
      }
    }
    return cpus;
  }

  /// A PCIe switch above every group whose devices have different ways up.
  void add_switches(Groups& groups) {
    for (std::size_t first = 0; first < size_; ++first) {
      std::vector<std::uint32_t> below;
      for (std::size_t i = 0; i < size_; ++i) {
        if (groups.find(i) == first && std::find(below.begin(), below.end(), way_up_[i]) == below.end())
          below.push_back(way_up_[i]);
      }
      if (groups.find(first) != first || below.size() < 2) continue;
      const std::uint32_t hub = graph_.add_node(NodeKind::pcie_switch, 0);
      for (const std::uint32_t node : below) graph_.add_cable(node, hub, rates_.pcie, Wire::pcie);
      for (std::size_t i = 0; i < size_; ++i) {
        if (groups.find(i) == first) way_up_[i] = hub;
      }
    }
  }

  void add_cpus(Groups& groups) {
    std::vector<std::uint32_t> cpus;
    for (std::size_t first = 0; first < size_; ++first) {
      if (groups.find(first) != first) continue;
      const std::uint32_t cpu = graph_.add_node(NodeKind::cpu, 0);
      for (const std::uint32_t other : cpus) graph_.add_cable(other, cpu, rates_.cpu, Wire::other);
      cpus.push_back(cpu);
      std::vector<std::uint32_t> joined;
      for (std::size_t i = 0; i < size_; ++i) {
        if (groups.find(i) != first || std::find(joined.begin(), joined.end(), way_up_[i]) != joined.end()) continue;
        joined.push_back(way_up_[i]);
        graph_.add_cable(way_up_[i], cpu, rates_.pcie, Wire::pcie);
      }
    }
  }

  const Matrix& matrix_;
  std::vector<std::vector<Cell>> cells_;
  std::size_t size_;
  Rates rates_{};
  ServerGraph graph_;
  std::vector<std::uint32_t> way_up_;  ///< by device: the node that its PCIe has reached
};

/// Both halves of the matrix, checked against each other; a missing row is the mirror of its column.
std::vector<std::vector<Cell>> complete(const Matrix& matrix, MatrixReader& reader) {
  const std::size_t size = matrix.names.size();
  std::vector<std::vector<Cell>> cells(size, std::vector<Cell>(size, Cell{Nearness::sys}));
  for (std::size_t i = 0; i < size; ++i) {
    if (!matrix.cells[i]) continue;
    for (std::size_t j = 0; j < size; ++j) {
      if (i == j) continue;
      const Word& here = (*matrix.cells[i])[j];
      const Cell cell = parse_cell(here.text).value_or(Cell{Nearness::sys});
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

bool is_topo_matrix(std::string_view text) {
  for (int line = 1; !text.empty(); ++line) {
    const std::string_view words = text.substr(0, text.find('\n'));
    if (is_header(split_line(words, line))) return true;
    text.remove_prefix(std::min(text.size(), words.size() + 1));
  }
  return false;
}

Result<LoadedGraph, Diagnostics> read_topo_matrix(std::string file, std::string text, const Cluster* cluster) {
  if (Diagnostics problems = prepare_text(file, text); !problems.empty()) return problems;
  const Document document{std::move(file), std::move(text), {}};
  Diagnostics diagnostics;
  MatrixReader reader(document, diagnostics);
  const Matrix matrix = reader.read();
  if (!diagnostics.empty()) return diagnostics;
  std::vector<std::vector<Cell>> cells = complete(matrix, reader);
  if (!diagnostics.empty()) return diagnostics;
  return MatrixGraph(matrix, std::move(cells), cluster).build();
}

}  // namespace ithaca
