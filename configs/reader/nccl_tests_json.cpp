#include "configs/reader/nccl_tests_json.hpp"

#include <cmath>
#include <cstdlib>
#include <set>

namespace ithaca {
namespace {

const Node* find(const Node& map, std::string_view key) {
  for (const Entry& entry : map.entries) {
    if (entry.key.text == key) return &entry.value;
  }
  return nullptr;
}

std::optional<double> number(const Node& map, std::string_view key) {
  const Node* node = find(map, key);
  if (node == nullptr || node->kind != Node::Kind::scalar) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(node->text.c_str(), &end);
  if (node->text.empty() || *end != '\0' || !std::isfinite(value) || value < 0) return std::nullopt;
  return value;
}

class JsonReader {
 public:
  explicit JsonReader(const Document& document) : document_(document) {}

  NcclTestsText read(const CollectiveHints& hints) {
    NcclTestsText::Table table;
    const Node& root = document_.root;
    const Node* args = find(root, "args");
    if (args != nullptr && !args->items.empty()) table.op = op_in_name(args->items[0].text);
    if (const Node* config = find(root, "config")) read_config(*config, table);
    if (const auto code = number(root, "nccl_version"); code && *code < 1e7) {  // 22907 is 2.29.7
      const int version = static_cast<int>(*code);
      out_.nccl = std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
                  std::to_string(version % 100);
    }
    const Node* results = find(root, "results");
    for (const Node& row : results->items) read_row(row, table);
    if (hints.op) table.op = hints.op;
    if (!table.rows.empty()) out_.tables.push_back(std::move(table));
    return std::move(out_);
  }

 private:
  /// There is a device for each process, which has threads x GPUs of them.
  void read_config(const Node& config, NcclTestsText::Table& table) {
    const Node* devices = find(config, "devices");
    if (devices == nullptr || devices->items.empty()) return;
    std::set<std::string> hosts;
    for (const Node& device : devices->items) {
      if (const Node* host = find(device, "hostname")) hosts.insert(host->text);
      if (const Node* gpu = find(device, "device_info")) out_.gpu = gpu->text;
    }
    const double each = number(config, "nthreads").value_or(1) * number(config, "ngpus").value_or(1);
    const double ranks = each * static_cast<double>(devices->items.size());
    if (ranks < 1 || ranks > 1e7) return;
    table.ranks = static_cast<int>(ranks);
    table.nodes = static_cast<int>(hosts.size());
  }

  void read_row(const Node& row, NcclTestsText::Table& table) {
    const auto size = number(row, "size");
    if (!size) return broken(row, "this result has no size");
    const Node* name = find(row, "experiment_name");
    if (name != nullptr && !table.op) table.op = op_in_name(name->text);
    for (const char* key : {"out_of_place", "in_place"}) {
      const Node* place = find(row, key);
      if (place == nullptr || place->kind != Node::Kind::map) continue;
      read_place(row, *place, *size, std::string_view(key) == "in_place", table);
    }
  }

  void read_place(const Node& row, const Node& place, double size, bool in_place, NcclTestsText::Table& table) {
    const auto time = number(place, "time");
    if (!time && find(place, "cpu_time") != nullptr) {
      return broken(row, "this is the time of the launch (-C 1), not of the collective");
    }
    if (!time) return broken(row, "this result has no time");
    if (size == 0 || *time == 0) return;
    CollectiveSample sample;
    sample.message = Bytes{size};
    sample.time = Seconds{*time * 1e-6};
    sample.in_place = in_place;
    sample.wrong = number(place, "nwrong");
    sample.line = row.line;
    table.rows.push_back(sample);
    const auto algbw = number(place, "alg_bw"), busbw = number(place, "bus_bw");
    if (algbw && busbw && *algbw > 0) table.busbw_over_algbw = *busbw / *algbw;
  }

  void broken(const Node& row, std::string what) {
    add_broken(out_, [&] {
      return Diagnostic{
          document_.place(row), std::move(what), "", "mend the row, or take the others with --partial", {}};
    });
  }

  const Document& document_;
  NcclTestsText out_;
};

}  // namespace

bool is_nccl_tests_json(const Document& document) {
  const Node* results = find(document.root, "results");
  return results != nullptr && results->kind == Node::Kind::sequence && find(document.root, "schema") == nullptr;
}

NcclTestsText read_nccl_tests_json(const Document& document, const CollectiveHints& hints) {
  return JsonReader(document).read(hints);
}

}  // namespace ithaca
