#include "cli/sweep/columns.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/csv_writer.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

std::string_view group_of(std::string_view name) { return name.substr(0, name.find('.')); }

bool is_plain_number(const std::string& word) {
  return !word.empty() && word.size() < 16 && word.find_first_not_of("0123456789") == std::string::npos &&
         (word[0] != '0' || word.size() == 1);
}

struct AppendNumber {
  std::string& text;
  void operator()(std::monostate) const {}
  void operator()(bool value) const { text += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), value); }
  void operator()(double value) const { fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), value); }
  void operator()(const std::string& value) const { text += csv_cell(value); }
};

void append_quoted(std::string& text, std::string_view value) {
  text += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(text), "\\u{:04x}", static_cast<int>(c));
    } else {
      text += c;
    }
  }
  text += '"';
}

struct AppendJson {
  std::string& text;
  void operator()(std::monostate) const { text += "null"; }
  void operator()(const std::string& value) const { append_quoted(text, value); }
  template <class T>
  void operator()(const T& value) const {
    AppendNumber{text}(value);
  }
};

/// "step":{"time_s": and so on: what stands in front of each field of a group, whose names may be nested once more.
std::vector<std::string> openings(const std::vector<const SweepField*>& fields, std::string& after) {
  std::vector<std::string> before;
  std::string inner;
  for (const SweepField* field : fields) {
    std::string_view rest = field->name;
    if (rest.find('.') == std::string_view::npos) return {""};
    rest.remove_prefix(rest.find('.') + 1);
    const std::size_t dot = rest.find('.');
    const std::string own(dot == std::string_view::npos ? "" : rest.substr(0, dot));
    std::string text = before.empty() ? "{" : (!inner.empty() && own != inner) ? "}," : ",";
    if (!own.empty() && own != inner) text += fmt::format("\"{}\":{{", own);
    if (dot != std::string_view::npos) rest.remove_prefix(dot + 1);
    before.push_back(text + fmt::format("\"{}\":", rest));
    inner = own;
  }
  after = inner.empty() ? "}" : "}}";
  return before;
}

constexpr int kStrategyWidth = 15, kLayoutWidth = 22, kFigureWidth = 9;

std::string outcome_words(const SweepRow& row) {
  if (row.problem != nullptr) return "refused: " + row.problem->rule;
  if (row.refused() != nullptr) return "refused: " + std::string(name(row.refused()->rule));
  return "";
}

}  // namespace

SweepColumns::SweepColumns(std::span<const SweepAxis> axes, std::vector<const SweepField*> fields, SweepFormat format,
                           const SweepField* heat)
    : axes_(axes), fields_(std::move(fields)), format_(format), heat_(heat) {
  for (const SweepField* field : fields_) {
    const std::string group(group_of(field->name));
    if (groups_.empty() || groups_.back().name != group) groups_.push_back({group, {}, {}, ""});
    groups_.back().fields.push_back(field);
  }
  for (Group& group : groups_) group.before = openings(group.fields, group.after);
  for (const SweepAxis& axis : axes_) {
    std::size_t width = axis.name.size();
    for (const std::string& word : axis.words) width = std::max(width, word.size());
    widths_.push_back(width);
    std::vector<std::string>& cells = cells_.emplace_back();
    for (const std::string& word : axis.words) cells.push_back(csv_cell(word) + ",");
  }
}

std::string SweepColumns::header() const {
  std::string text;
  if (format_ == SweepFormat::csv) {
    for (const SweepAxis& axis : axes_) text += std::string(kAxisPrefix) + axis.name + ",";
    for (const SweepField* field : fields_) text += std::string(field->name) + ",";
    text.back() = '\r';
    return text + "\n";
  }
  if (format_ != SweepFormat::table) return "";
  const bool is_step = fields_.empty() || fields_.front()->of_step != nullptr;
  for (std::size_t i = 0; i < axes_.size(); ++i) text += fmt::format("{:>{}}  ", axes_[i].name, widths_[i]);
  return text + fmt::format("{:<{}} {:<{}} {:>{}} {:>{}} {:>{}}\n", "strategy", kStrategyWidth, "layout", kLayoutWidth,
                            is_step ? "step, s" : "pass, s", kFigureWidth, "peak, GiB", kFigureWidth, "USD/10^6",
                            kFigureWidth);
}

void SweepColumns::append(std::string& text, const Digits& digits, const SweepRow& row) const {
  switch (format_) {
    case SweepFormat::csv: return append_csv(text, digits, row);
    case SweepFormat::table: return append_line(text, digits, row);
    case SweepFormat::json: text += ",\n    "; break;
    case SweepFormat::jsonl: break;
    case SweepFormat::heat:
      if (row.feasible()) std::visit(AppendNumber{text}, get(*heat_, row));
      text += '\n';
      return;
  }
  append_json(text, digits, row);
  if (format_ == SweepFormat::jsonl) text += '\n';
}

void SweepColumns::append_csv(std::string& text, const Digits& digits, const SweepRow& row) const {
  for (std::size_t i = 0; i < axes_.size(); ++i) text += cells_[i][digits[i]];
  for (const Group& group : groups_) {
    if (is_absent(group.name, row)) {
      text.append(group.fields.size(), ',');
      continue;
    }
    for (const SweepField* field : group.fields) {
      std::visit(AppendNumber{text}, get_present(*field, row));
      text += ',';
    }
  }
  text.back() = '\r';
  text += '\n';
}

void SweepColumns::append_json(std::string& text, const Digits& digits, const SweepRow& row) const {
  text += "{\"set\":{";
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const std::string& word = axes_[i].words[digits[i]];
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}\"{}\":"), i > 0 ? "," : "", axes_[i].name);
    is_plain_number(word) ? void(text += word) : append_quoted(text, word);
  }
  text += '}';
  for (const Group& group : groups_) {
    fmt::format_to(std::back_inserter(text), FMT_COMPILE(",\"{}\":"), group.name);
    if (is_absent(group.name, row)) {
      text += "null";
      continue;
    }
    for (std::size_t i = 0; i < group.fields.size(); ++i) {
      text += group.before[i];
      std::visit(AppendJson{text}, get_present(*group.fields[i], row));
    }
    text += group.after;
  }
  text += '}';
}

void SweepColumns::append_line(std::string& text, const Digits& digits, const SweepRow& row) const {
  for (std::size_t i = 0; i < axes_.size(); ++i) text += fmt::format("{:>{}}  ", axes_[i].words[digits[i]], widths_[i]);
  text += fmt::format("{:<{}} ", name(row.strategy()), kStrategyWidth);
  if (const std::string refused = outcome_words(row); !refused.empty()) {
    text += refused + "\n";
    return;
  }
  const MemoryLedger& ledger = *row.memory();
  const double gib = kByteScales[3].size;
  const std::string memory = significant(ledger.peak().value() / gib) + (ledger.fits() ? "" : " !");
  const bool priced = row.question.cluster.price_per_gpu_hour > Dollars{};
  text += fmt::format("{:<{}} {:>{}} {:>{}} {:>{}}\n", layout_words(row.layout()), kLayoutWidth,
                      significant(row.time().value()), kFigureWidth, memory, kFigureWidth,
                      priced ? significant(row.per_million_tokens().value()) : "-", kFigureWidth);
}

}  // namespace ithaca
