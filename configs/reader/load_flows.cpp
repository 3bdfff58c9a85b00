#include "configs/reader/load_flows.hpp"

#include <map>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/fields.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

/// Ids of links or flows of a case, and the numbers that they stand for.
class Names {
 public:
  explicit Names(std::string what) : what_(std::move(what)) {}

  void add(Fields& fields) {
    const Node* node = fields.node("id");
    const std::string id = node == nullptr ? std::to_string(ids.size()) : fields.text("id");
    const auto [earlier, is_new] = entries_.emplace(id, Entry{static_cast<std::uint32_t>(ids.size()), node});
    ids.push_back(id);
    if (is_new) return;
    const std::string twice = what_ + " '" + id + "' is there twice";
    if (node != nullptr && earlier->second.node != nullptr) {
      fields.conflict(*node, *earlier->second.node, twice, "give each an id of its own");
    } else if (node != nullptr) {
      fields.problem(*node, twice, "", "a " + what_ + " without an id is called by its number");
    }
  }

  /// The numbers behind a list of ids. `repeated`: what to say of one that stands there twice.
  std::vector<std::uint32_t> find(Fields& fields, const Node& list, const char* repeated) const {
    std::vector<std::uint32_t> row;
    std::map<std::uint32_t, const Node*> seen;
    for (const Node& item : list.items) {
      const auto found = item.kind == Node::Kind::scalar ? entries_.find(item.text) : entries_.end();
      if (found == entries_.end()) {
        if (!fields.takes_problems()) continue;
        fields.problem(item, "there is no " + what_ + " '" + item.text + "' in this case", suggestion(item.text, ids),
                       "name one of the case's " + what_ + "s");
        continue;
      }
      const auto [earlier, is_new] = seen.emplace(found->second.number, &item);
      if (!is_new) fields.conflict(item, *earlier->second, repeated, "name it once");
      if (is_new) row.push_back(found->second.number);
    }
    return row;
  }

  std::vector<std::string> ids;

 private:
  struct Entry {
    std::uint32_t number;
    const Node* node;
  };
  std::string what_;
  std::map<std::string, Entry, std::less<>> entries_;
};

class FlowReader {
 public:
  FlowReader(const Document& document, Diagnostics& diagnostics) : document_(document), diagnostics_(diagnostics) {}

  LoadedFlows read() {
    LoadedFlows loaded;
    loaded.file = document_.file;
    Fields fields(document_, document_.root, "flow file", diagnostics_);
    check_format(fields);
    if (fields.has("units")) check_units(fields);
    for (const char* remark : {"note", "semantics", "produced_by", "tolerance_rel"}) fields.node(remark);
    const Node* cases = fields.sequence("cases");
    for_each_map(document_, cases, "case", diagnostics_,
                 [&](Fields& inside) { loaded.cases.push_back(read_case(inside)); });
    if (cases != nullptr && cases->items.empty()) fields.problem(*cases, "no case in this file", "", "add one");
    fields.finish();
    return loaded;
  }

 private:
  void check_format(Fields& fields) {
    const Node* node = fields.needed_node("format");
    if (node != nullptr && node->text != "1")
      fields.problem(*node, "format '" + node->text + "' is not read here", "", "write 'format: 1'");
  }

  /// Units are fixed; a file that states others would be misread.
  void check_units(Fields& fields) {
    const Node* map = fields.map("units");
    if (map == nullptr) return;
    Fields units(document_, *map, "'units'", diagnostics_);
    for (const auto& [key, unit] : {std::pair{"time", "s"},
                                    {"capacity", "bytes/s"},
                                    {"bytes", "bytes"},
                                    {"latency", "s"},
                                    {"rate_cap", "bytes/s"}}) {
      const Node* node = units.node(key);
      if (node != nullptr && node->text != unit)
        units.problem(*node, std::string("'") + key + "' is read in " + unit + ", not in '" + node->text + "'", "",
                      "convert the numbers");
    }
    units.finish();
  }

  LoadedFlowCase read_case(Fields& fields) {
    LoadedFlowCase loaded;
    loaded.flows.name = fields.text("name");
    for (const char* remark : {"why", "rate_recomputations_in_oracle", "simgrid_vs_oracle_max_rel", "makespan"})
      fields.node(remark);
    FlowSystem& system = loaded.flows.system;
    Names links("link"), flows("flow");
    for_each_map(document_, fields.sequence("links"), "link", diagnostics_, [&](Fields& link) {
      links.add(link);
      system.capacity.emplace_back(link.need("capacity", parse_above_zero));
      system.latency.emplace_back(link.maybe("latency", parse_not_negative).value_or(0));
    });
    std::vector<const Node*> waits;
    for_each_map(document_, fields.sequence("flows"), "flow", diagnostics_, [&](Fields& flow) {
      flows.add(flow);
      waits.push_back(flow.has("after") ? flow.sequence("after") : nullptr);
      read_flow(flow, links, loaded);
    });
    for (const Node* after : waits) {  // a flow may wait for one that stands further down
      system.after.add(after == nullptr ? std::vector<std::uint32_t>{}
                                        : flows.find(fields, *after, "the flow waits for this one twice"));
    }
    loaded.flows.links = std::move(links.ids);
    loaded.flow_ids = std::move(flows.ids);
    return loaded;
  }

  static void read_flow(Fields& fields, const Names& links, LoadedFlowCase& loaded) {
    FlowSystem& system = loaded.flows.system;
    system.size.emplace_back(fields.need("bytes", parse_not_negative));
    system.start.emplace_back(fields.maybe("start", parse_not_negative).value_or(0));
    system.delay.emplace_back(fields.maybe("delay", parse_not_negative).value_or(0));
    system.rate_cap.emplace_back(fields.maybe("rate_cap", parse_above_zero).value_or(0));
    const Node* path = fields.sequence("path");
    system.route.add(path == nullptr ? std::vector<std::uint32_t>{}
                                     : links.find(fields, *path, "the path crosses this link twice"));
    const auto finish = fields.maybe("finish", parse_not_negative);
    loaded.finish.push_back(finish ? std::optional(Seconds{*finish}) : std::nullopt);
  }

  const Document& document_;
  Diagnostics& diagnostics_;
};

}  // namespace

Result<LoadedFlows, Diagnostics> load_flows(const std::string& path) {
  const auto document = read_document(path);
  if (!document) return document.error();
  return read_flows(*document);
}

Result<LoadedFlows, Diagnostics> read_flows(const Document& document) {
  Diagnostics diagnostics;
  LoadedFlows loaded = FlowReader(document, diagnostics).read();
  if (!diagnostics.empty()) return diagnostics;
  return loaded;
}

}  // namespace ithaca
