#include "configs/reader/run_tables.hpp"

#include <algorithm>
#include <array>

#include "configs/reader/fields.hpp"

namespace ithaca {
namespace {

constexpr std::array<std::string_view, 8> kDegrees{"tp", "pp", "cp", "dp", "ep", "vpp", "ulysses", "ring"};
constexpr std::array<std::string_view, 8> kMeasured{"out_of_memory",     "iter_time_s",          "iter_time_ms",
                                                    "tflops_per_gpu",    "tokens_per_s_per_gpu", "peak_allocated_gib",
                                                    "peak_reserved_gib", "peak_memory_gib"};
constexpr std::array<std::string_view, 8> kShape{"arch",     "hidden",   "layers", "heads",
                                                 "kv_heads", "head_dim", "ffn",    "vocab"};

/// vTrain's names of the columns, and ours.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kCsvColumns{
    {{"GPUs", "num_gpus"},
     {"global batch", "global_batch"},
     {"micro batch", "micro_batch"},
     {"hidden size", "hidden"},
     {"attention heads", "heads"},
     {"# layers", "layers"},
     {"sequence length", "seq_len"},
     {"tensor parallelism", "tp"},
     {"data parallelism", "dp"},
     {"pipeline parallelism", "pp"},
     {"iteration time (ms)", "iter_time_ms"}}};

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Node scalar(std::string text, int line = 1, int column = 1) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = std::move(text);
  node.line = line;
  node.column = column;
  return node;
}
Node collection(Node::Kind kind, int line = 1, int column = 1) {
  Node node = scalar("", line, column);
  node.kind = kind;
  return node;
}
Node map_of(std::vector<std::pair<std::string, Node>> entries) {
  Node node = collection(Node::Kind::map);
  for (auto& entry : entries) node.entries.push_back({scalar(entry.first), std::move(entry.second)});
  return node;
}

Node* value_of(Node& map, std::string_view key) {
  for (Entry& entry : map.entries) {
    if (entry.key.text == key) return &entry.value;
  }
  return nullptr;
}

/// The map behind a key of the case, made if there is none.
Node& inner(Node& row, std::string_view key) {
  if (Node* found = value_of(row, key); found != nullptr && found->kind == Node::Kind::map) return *found;
  row.entries.push_back(
      {scalar(std::string(key), row.line, row.column), collection(Node::Kind::map, row.line, row.column)});
  return row.entries.back().value;
}

bool is_measured(std::string_view name) {
  return is_one_of(kMeasured, name) || (name.find("_for_") != std::string_view::npos && name.ends_with("_tokens"));
}

void put(Node& row, const Node& column, const Node& cell) {
  if (cell.kind == Node::Kind::null) return;
  const std::string_view name = column.text;
  Node& map = is_one_of(kDegrees, name) ? inner(row, "parallel")
              : is_measured(name)       ? inner(row, "measured")
              : is_one_of(kShape, name) ? inner(row, "model")
                                        : row;
  map.entries.push_back({column, cell});
}

/// A row's own `id` behind the prefix, else its number.
void put_id(Node& row, const std::string& prefix, std::size_t number) {
  if (Node* id = value_of(row, "id"); id != nullptr) {
    id->text = prefix + id->text;
  } else {
    row.entries.push_back(
        {scalar("id", row.line, row.column), scalar(prefix + std::to_string(number), row.line, row.column)});
  }
}

constexpr std::size_t kMostCells = 1'000'000;

/// The values of a tree: what a copy of it takes.
std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += 1 + count_nodes(entry.value);
  return count;
}

std::vector<Node> split_csv(const std::string& line, int number) {
  std::vector<Node> cells;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    std::string_view cell(line.data() + begin, end - begin);
    const std::size_t blank = cell.find_first_not_of(' ');
    const std::size_t last = cell.find_last_not_of(" \r");
    const bool empty = blank == std::string_view::npos || last == std::string_view::npos;
    cells.push_back(scalar(empty ? "" : std::string(cell.substr(blank, last - blank + 1)), number,
                           static_cast<int>(begin + (empty ? 0 : blank)) + 1));
    if (empty) cells.back().kind = Node::Kind::null;
    begin = end + 1;
  }
  return cells;
}

/// The first line, perhaps a comment, as names of columns.
Node csv_header(const std::string& line) {
  const std::size_t skip = line.starts_with("# ") && !line.starts_with("# layers") ? 2 : 0;
  Node columns = collection(Node::Kind::sequence);
  columns.items = split_csv(line.substr(skip), 1);
  for (Node& column : columns.items) {
    for (const auto& [theirs, ours] : kCsvColumns) {
      if (column.text == theirs) column.text = ours;
    }
  }
  return columns;
}

Node csv_machine(const std::string& cluster) {
  if (!cluster.empty()) return map_of({{"cluster", scalar(cluster)}});
  return map_of({{"gpu", scalar("A100")}, {"gpus_per_node", scalar("8")}});
}

/// What vTrain's configurations of these runs say (vTrain@f8dda84 config/validation, src/config.py): activations
/// recomputed (use_checkpoint), gradients reduced at once (use_gradient_bucket false).
Node csv_common() {
  Node unknown = collection(Node::Kind::sequence);
  for (const char* text : {"dtype", "flash_attention", "zero_stage", "vocab", "recompute (vTrain's settings have it)"})
    unknown.items.push_back(scalar(text));
  return map_of({{"source", scalar("vtrain")},
                 {"hardware", scalar("machine")},
                 {"model", map_of({{"arch", scalar("gpt")}})},
                 {"dtype", scalar("fp16")},
                 {"recompute", scalar("full")},
                 {"zero_stage", scalar("0")},
                 {"unknown", std::move(unknown)}});
}

}  // namespace

std::vector<Node> expand_run_table(const Document& document, const Node& table, Diagnostics& problems) {
  Fields fields(document, table, "the table", problems);
  const std::string prefix = fields.text_or("prefix", "");
  const Node* common = fields.has("common") ? fields.map("common") : nullptr;
  const Node* columns = fields.sequence("columns");
  const Node* rows = fields.sequence("rows");
  fields.finish();
  std::vector<Node> cases;
  if (columns == nullptr || rows == nullptr) return cases;
  const std::size_t cells = columns->items.size() + (common != nullptr ? count_nodes(*common) : 0);
  if (rows->items.size() > kMostCells / std::max<std::size_t>(cells, 16)) {
    fields.problem(*rows, "these rows are more than a million values with what they have in common", "",
                   "split the table into files");
    return cases;
  }
  for (const Node& row : rows->items) {
    if (row.items.size() != columns->items.size()) {
      fields.problem(row,
                     "this row has " + std::to_string(row.items.size()) + " cells, the table " +
                         std::to_string(columns->items.size()) + " columns",
                     "", "give each row a cell for each column; null where there is none");
      continue;
    }
    Node made = common != nullptr ? *common : collection(Node::Kind::map);
    made.line = row.line;
    made.column = row.column;
    for (std::size_t i = 0; i < row.items.size(); ++i) put(made, columns->items[i], row.items[i]);
    put_id(made, prefix, cases.size() + 1);
    cases.push_back(std::move(made));
  }
  return cases;
}

Result<Document, Diagnostics> csv_runs(const std::string& file, std::string text, const std::string& cluster) {
  if (Diagnostics problems = prepare_text(file, text); !problems.empty()) return problems;
  Document document{file, text, {}};
  Node rows = collection(Node::Kind::sequence);
  Node columns = collection(Node::Kind::sequence);
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (++number == 1) {
      columns = csv_header(line);
    } else if (line.find_first_not_of(" \r") != std::string::npos && line[0] != '#') {
      Node row = collection(Node::Kind::sequence, number);
      row.items = split_csv(line, number);
      rows.items.push_back(std::move(row));
    }
  }
  Node tables = collection(Node::Kind::sequence);
  tables.items.push_back(map_of({{"prefix", scalar("vtrain-")},
                                 {"common", csv_common()},
                                 {"columns", std::move(columns)},
                                 {"rows", std::move(rows)}}));
  document.root = map_of({{"schema_version", scalar("1")},
                          {"hardware", map_of({{"machine", csv_machine(cluster)}})},
                          {"tables", std::move(tables)}});
  return document;
}

}  // namespace ithaca
