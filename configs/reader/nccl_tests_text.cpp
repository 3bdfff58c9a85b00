#include "configs/reader/nccl_tests_text.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <set>

#include "configs/reader/excerpt.hpp"

namespace ithaca {
namespace {

using Words = std::vector<std::string_view>;

Words split(std::string_view line) {
  Words words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

/// What is left behind "[1,0]<stdout>:" of mpirun's --tag-output or "0: " of srun's --label.
std::string_view without_prefix(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::size_t tag = line.substr(0, 40).find(">:");
  if (line.starts_with('[') && tag != std::string_view::npos) return line.substr(tag + 2);
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits > 0 && digits != std::string_view::npos && line.substr(digits).starts_with(": ")) {
    return line.substr(digits + 2);
  }
  return line;
}

/// Digits may be grouped: 32_768.
std::optional<double> number(std::string_view word) {
  std::string text(word);
  std::erase(text, '_');
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool plain = text.find_first_not_of("0123456789.eE+-") == std::string::npos;
  if (text.empty() || *end != '\0' || !plain || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// The names of a table's columns: "size count type redop root time algbw busbw #wrong time ...".
struct Columns {
  Words names;

  bool known() const { return !names.empty(); }
  /// The column called `name` in the part of a row that begins at `from`; none beyond the next "time".
  std::optional<std::size_t> find(std::string_view name, std::size_t from) const {
    for (std::size_t i = from; i < names.size(); ++i) {
      if (i > from && names[i] == "time") return std::nullopt;
      if (names[i] == name) return i;
    }
    return std::nullopt;
  }
};

std::optional<Columns> header(std::string_view line) {
  Columns columns{split(line)};
  std::erase(columns.names, "#");
  const auto has = [&](std::string_view name) {
    return std::find(columns.names.begin(), columns.names.end(), name) != columns.names.end();
  };
  if (columns.names.empty() || columns.names[0] != "size" || !has("time") || !has("algbw")) return std::nullopt;
  return columns;
}

/// The whole number behind `key` in words: "nranks 2".
std::optional<int> number_after(const Words& words, std::string_view key) {
  const auto at = std::find(words.begin(), words.end(), key);
  if (at == words.end() || at + 1 == words.end()) return std::nullopt;
  const auto value = number(*(at + 1));
  if (!value || *value < 0 || *value > 1e7) return std::nullopt;
  return static_cast<int>(*value);
}

class TextReader {
 public:
  TextReader(const std::string& file, std::string_view text, const CollectiveHints& hints)
      : file_(file), text_(text), hints_(hints), op_(hints.op) {}

  NcclTestsText read() {
    for (std::size_t at = 0; at < text_.size(); ++line_) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      read_line(without_prefix(text_.substr(at, end - at)));
      at = end + 1;
    }
    close_table();
    return std::move(out_);
  }

 private:
  void read_line(std::string_view line) {
    if (const auto columns = header(line)) {
      close_table();
      columns_ = *columns;
      return;
    }
    const Words words = split(line);
    if (words.empty()) return;
    const bool comment = words[0].starts_with('#');
    if (!comment && columns_.known() && number(words[0])) return read_row(words);
    read_fact(line, words);
  }

  void read_fact(std::string_view line, const Words& words) {
    if (line.find("Collective test starting:") != std::string_view::npos) {
      close_table();
      if (const auto op = op_in_name(words.back())) op_ = hints_.op.value_or(*op);
    }
    if (const auto at = line.find("NCCL version "); at != std::string_view::npos) {
      const Words version = split(line.substr(at + 13));
      if (!version.empty()) out_.nccl = std::string(version[0]);
    }
    if (const auto gpus = number_after(words, "nGpus")) {
      close_table();  // it is of the next test
      gpus_a_thread_ = *gpus;
    }
    if (const auto rank = words[0] == "#" ? number_after(words, "Rank") : std::nullopt) add_device(*rank, words);
    if (const auto ranks = number_after(words, "nranks"); ranks.value_or(0) > 0) named_ranks_ = *ranks;
    if (const auto nodes = number_after(words, "nNodes"); nodes.value_or(0) > 0) named_nodes_ = *nodes;
  }

  /// "#  Rank  0 Group  0 Pid 574691 on NODE device  0 [0000:06:00] NVIDIA H100 80GB HBM3"
  void add_device(int rank, const Words& words) {
    if (rank == 0) {
      devices_.clear();
      hosts_.clear();
    }
    devices_.insert(rank);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] == "on") hosts_.insert(words[i + 1]);
      if (!words[i].starts_with('[') || !words[i].ends_with(']')) continue;
      out_.gpu.clear();
      for (std::size_t k = i + 1; k < words.size(); ++k) {
        out_.gpu += (out_.gpu.empty() ? "" : " ") + std::string(words[k]);
      }
    }
  }

  void read_row(const Words& words) {
    const std::size_t expected = columns_.names.size() + (columns_.names.back() == "timestamp" ? 1 : 0);
    if (words.size() != expected) {  // a time stamp is two words: day and time
      return broken(words[0], "this row has " + std::to_string(words.size()) + " columns, its header " +
                                  std::to_string(expected));
    }
    bool in_place = false;
    for (std::size_t i = 0; i < columns_.names.size(); ++i) {
      if (columns_.names[i] != "time") continue;
      read_time(words, i, in_place);
      in_place = true;
    }
  }

  void read_time(const Words& words, std::size_t at, bool in_place) {
    const auto cell = [&](std::string_view name) -> std::optional<double> {
      const auto column = columns_.find(name, at);
      return column ? number(words[*column]) : std::nullopt;
    };
    const auto size = number(words[0]), time = number(words[at]), algbw = cell("algbw"), busbw = cell("busbw");
    if (!time || !size || *size < 0 || *time < 0) return broken(words[at], "this is no time or size");
    if (*size == 0 || *time == 0) return;  // nccl-tests rounds sizes down to whole elements
    if (!algbw) return broken(words[at], "the bandwidth of this time is missing");
    // Both are printed with two decimals, the time with one at least.
    const double rate = *size / *time / 1e3;
    if (std::abs(rate - *algbw) > 0.0051 + rate * (0.005 + 0.06 / *time)) {
      return broken(words[at], "size over time is not the row's algbw");
    }
    CollectiveSample sample;
    sample.message = Bytes{*size};
    sample.time = Seconds{*time * 1e-6};
    sample.in_place = in_place;
    sample.wrong = cell(columns_.find("#wrong", at) ? "#wrong" : "error");
    sample.line = line_;
    table_.push_back(sample);
    if (busbw && *algbw > ratio_weight_) {
      ratio_weight_ = *algbw;
      ratio_ = *busbw / *algbw;
    }
  }

  void broken(std::string_view word, std::string what) {
    add_broken(out_, [&] {
      const auto column = static_cast<int>(word.data() - line_of(text_, line_).data()) + 1;
      return Diagnostic{place_in(file_, text_, line_, column, word.size()),
                        std::move(what),
                        "",
                        "mend the row, or take the others with --partial",
                        {}};
    });
  }

  /// A thread that launches for several GPUs takes longer than their smallest messages.
  void doubt_launches() {
    constexpr Bytes kSmall{1 << 16};
    constexpr double kNear = 1.25;
    std::optional<Seconds> launch;
    for (const CollectiveSample& s : table_)
      if (s.message <= kSmall && s.time < launch.value_or(s.time * 2)) launch = s.time;
    for (CollectiveSample& s : table_) {
      if (launch && s.time < *launch * kNear)
        s.doubt = "one thread drove " + std::to_string(gpus_a_thread_) + " GPUs and may take this long to launch";
    }
  }

  /// Ends a test: its rows get what was said before and what follows from them.
  void close_table() {
    if (table_.empty()) return;
    if (gpus_a_thread_ > 1) doubt_launches();
    NcclTestsText::Table table{op_ ? op_ : op_in_name(file_), named_ranks_, named_nodes_, ratio_, std::move(table_)};
    if (!devices_.empty()) {
      table.ranks = static_cast<int>(devices_.size());
      table.nodes = static_cast<int>(hosts_.size());
    }
    out_.tables.push_back(std::move(table));
    table_.clear();
    ratio_ = ratio_weight_ = 0;
  }

  const std::string& file_;
  std::string_view text_;
  const CollectiveHints& hints_;
  NcclTestsText out_;
  int line_ = 1;
  Columns columns_;
  std::optional<Op> op_;
  std::optional<int> named_ranks_, named_nodes_;
  int gpus_a_thread_ = 1;
  std::set<int> devices_;
  std::set<std::string_view> hosts_;
  std::vector<CollectiveSample> table_;
  double ratio_ = 0, ratio_weight_ = 0;  ///< busbw over algbw, of the fastest row: the most exact
};

}  // namespace

std::optional<Op> op_in_name(std::string_view name) {
  std::string letters;
  for (const char c : name.substr(name.find_last_of('/') + 1)) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) letters += static_cast<char>(std::tolower(c));
  }
  const auto has = [&](std::string_view word) { return letters.find(word) != std::string::npos; };
  if (has("alltoall")) return Op::all_to_all;
  if (has("allreduce")) return Op::all_reduce;
  if (has("allgather")) return Op::all_gather;
  if (has("reducescatter")) return Op::reduce_scatter;
  if (has("sendrecv")) return Op::send_recv;
  return std::nullopt;
}

NcclTestsText read_nccl_tests_text(const std::string& file, std::string_view text, const CollectiveHints& hints) {
  return TextReader(file, text, hints).read();
}

}  // namespace ithaca
