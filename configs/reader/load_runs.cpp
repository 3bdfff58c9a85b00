#include "configs/reader/load_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/fields.hpp"
#include "configs/reader/nearest.hpp"
#include "configs/reader/run_fields.hpp"
#include "configs/reader/run_tables.hpp"

namespace ithaca {
namespace {

class RunsReader {
 public:
  explicit RunsReader(const Document& document) : document_(document) {}

  Result<TrainingRuns, Diagnostics> read() {
    Fields fields(document_, document_.root, "the file", diagnostics_);
    fields.allow_null();
    check_version(fields);
    each_entry(fields, "sources", [&](Fields& f, std::string name) { read_source(f, std::move(name)); });
    each_entry(fields, "hardware",
               [&](Fields& f, const std::string& name) { hardware_.emplace(name, read_run_hardware(f, name)); });
    each_entry(fields, "models",
               [&](Fields& f, const std::string& name) { models_.emplace(name, read_run_model(f, name)); });
    read_cases(fields);
    pass_over(fields, "the file");
    if (!diagnostics_.empty()) return diagnostics_;
    for (const auto& [what, count] : passed_over_) {
      out_.notices.push_back("key " + what + (count > 1 ? " in " + std::to_string(count) + " places" : "") +
                             " is not known and was passed over");
    }
    out_.file = document_.file;
    return out_;
  }

 private:
  void check_version(Fields& fields) {
    const Node* node = fields.needed_node("schema_version");
    if (node != nullptr && node->text != "1")
      fields.problem(*node, "schema_version '" + node->text + "' is not read here", "", "write 'schema_version: 1'");
  }

  /// Calls read(Fields&, name) for each entry of a map of maps, which may be missing.
  template <class Read>
  void each_entry(Fields& fields, const char* key, Read read) {
    if (!fields.has(key)) return;
    const Node* map = fields.map(key);
    if (map == nullptr) return;
    for (const Entry& entry : map->entries) {
      const std::string what = std::string(key) + " '" + entry.key.text + "'";
      Fields inside(document_, entry.value, what, diagnostics_);
      inside.allow_null();
      read(inside, entry.key.text);
      pass_over(inside, key);
    }
  }

  void pass_over(Fields& fields, const std::string& where) {
    for (const std::string& key : fields.unasked()) ++passed_over_[fmt::format("'{}' of {}", key, where)];
  }

  void read_source(Fields& f, std::string name) {
    RunSource source{name, f.text_or("title", ""), f.text_or("url", ""), f.text_or("read_from", "")};
    f.node("note");
    sources_.emplace(std::move(name), std::move(source));
  }

  void read_cases(Fields& fields) {
    const Node* tables = fields.has("tables") ? fields.sequence("tables") : nullptr;
    const Node* cases = fields.has("cases") || tables == nullptr ? fields.sequence("cases") : nullptr;
    if (tables != nullptr) {
      for (const Node& table : tables->items) {
        for (Node& row : expand_run_table(document_, table, diagnostics_)) made_.push_back(std::move(row));
      }
    }
    if (cases != nullptr) read_list(cases->items);
    read_list(made_);
    if (diagnostics_.empty() && out_.runs.empty())
      fields.problem(document_.root, "no case in this file", "", "add one");
  }

  void read_list(const std::vector<Node>& items) {
    int number = 0;
    for (const Node& item : items) {
      ++number;
      Fields f(document_, item, "case " + std::to_string(number), diagnostics_);
      f.allow_null();
      out_.runs.push_back(read_case(f));
      pass_over(f, "cases");
    }
  }

  TrainingRun read_case(Fields& f) {
    TrainingRun run;
    run.id = f.text("id");
    if (const Node* id = f.node("id"); id != nullptr) check_twice(f, *id);
    read_names(f, run);
    read_run_settings(f, run);
    nested(f, "parallel", [&](Fields& inside, const Node&) { read_run_degrees(inside, run); });
    nested(f, "measured", [&](Fields& inside, const Node& map) { read_run_measured(inside, map, run); });
    if (const Node* list = f.node("unknown") == nullptr ? nullptr : f.sequence("unknown")) {
      for (const Node& item : list->items) run.unknown.push_back(item.text);
    }
    return run;
  }

  template <class Read>
  void nested(Fields& f, const char* key, Read read) {
    const Node* map = f.node(key) == nullptr ? nullptr : f.map(key);
    if (map == nullptr) return;
    Fields inside(document_, *map, "'" + std::string(key) + "'", diagnostics_);
    inside.allow_null();
    read(inside, *map);
    pass_over(inside, key);
  }

  void check_twice(Fields& f, const Node& id) {
    const auto [earlier, is_new] = ids_.emplace(id.text, &id);
    if (!is_new)
      f.conflict(id, *earlier->second, "case '" + id.text + "' is there twice", "give each an id of its own");
  }

  /// What a case calls by name: entries of the file, or of the catalogue.
  void read_names(Fields& f, TrainingRun& run) {
    run.source.name = f.text("source");
    if (const auto found = sources_.find(run.source.name); found != sources_.end()) run.source = found->second;
    const std::string machine = f.text("hardware");
    if (const auto found = hardware_.find(machine); found != hardware_.end()) {
      run.hardware = found->second;
    } else if (!machine.empty() && known(Kind::cluster, machine)) {
      run.hardware.name = run.hardware.cluster = machine;
    } else if (!machine.empty()) {
      missing(f, "hardware", machine, names_of(hardware_));
    }
    read_model_of(f, run);
  }

  /// A name, or the shape itself.
  void read_model_of(Fields& f, TrainingRun& run) {
    if (const Node* map = f.needed_node("model"); map != nullptr && map->kind == Node::Kind::map) {
      nested(f, "model", [&](Fields& inside, const Node&) { run.model = read_run_model(inside, run.id); });
      return;
    }
    const std::string model = f.text("model");
    if (const auto found = models_.find(model); found != models_.end()) {
      run.model = found->second;
    } else if (!model.empty() && known(Kind::model, model)) {
      run.model.name = model;
      run.model.catalogue = true;
    } else if (!model.empty()) {
      missing(f, "model", model, names_of(models_));
    }
  }

  static bool known(Kind kind, const std::string& name) {
    const auto names = catalogue_names(kind);
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  template <class Map>
  static std::vector<std::string> names_of(const Map& map) {
    std::vector<std::string> names;
    names.reserve(map.size());
    for (const auto& [name, value] : map) names.push_back(name);
    return names;
  }
  static void missing(Fields& f, const char* key, const std::string& name, const std::vector<std::string>& names) {
    if (!f.takes_problems()) return;
    f.problem(*f.node(key), std::string(key) + " '" + name + "' is neither in this file nor in the catalogue",
              suggestion(name, names), "describe it in the file, or mend the name");
  }

  const Document& document_;
  Diagnostics diagnostics_;
  TrainingRuns out_;
  std::map<std::string, RunSource> sources_;
  std::map<std::string, RunHardware> hardware_;
  std::map<std::string, RunModel> models_;
  std::map<std::string, const Node*> ids_;
  std::vector<Node> made_;  ///< cases that tables stand for
  std::map<std::string, int> passed_over_;
};

}  // namespace

Result<TrainingRuns, Diagnostics> load_runs(const std::string& path, const std::string& cluster) {
  if (path.ends_with(".csv")) {
    auto text = read_text(path);
    if (!text) return text.error();
    const auto document = csv_runs(text->file, text->text, cluster);
    if (!document) return document.error();
    return read_runs(*document);
  }
  const auto document = read_document(path);
  if (!document) return document.error();
  return read_runs(*document);
}

Result<TrainingRuns, Diagnostics> read_runs(const Document& document) { return RunsReader(document).read(); }

}  // namespace ithaca
