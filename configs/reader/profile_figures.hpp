#pragma once
// What GPU and cluster profiles share: figures that keep a record of where they come from, and checks of pairs.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configs/reader/fields.hpp"
#include "configs/reader/load_hardware.hpp"

namespace ithaca {

/// A count of GPUs, NICs or multiprocessors: 1 to 2^24.
Parsed<std::int64_t> parse_devices(std::string_view text);

/// The figures of one map, each recorded under `prefix` + key.
class Figures {
 public:
  Figures(Fields& fields, const Node* sources, std::string prefix, std::vector<FigureSource>& record)
      : fields_(fields), sources_(sources), prefix_(std::move(prefix)), record_(record) {}

  template <class Parse>
  auto need(std::string_view key, Parse parse) {
    auto figure = fields_.need_figure(key, parse, sources_);
    keep(key, figure);
    return figure;
  }
  /// A figure with a zero value and no node where the key is missing.
  template <class Parse>
  auto maybe(std::string_view key, Parse parse) {
    using Found = decltype(fields_.need_figure(key, parse, sources_));
    if (!fields_.has(key)) return Found{};
    return need(key, parse);
  }

  /// Reports `small` above `limit`, which the figure `large` sets.
  template <class T>
  void at_most(std::string_view key, const Figure<T>& small, std::string_view limit_key, const Figure<T>& large,
               T limit) {
    if (small.node == nullptr || large.node == nullptr || !(small.value > limit) || !(limit > T{})) return;
    fields_.conflict(
        *small.node, *large.node,
        std::string(key) + " " + small.text + " is above what " + std::string(limit_key) + " " + large.text + " allows",
        "check both and their units: GBps are bytes, Gbps are bits, and links are counted one way");
  }
  template <class T>
  void at_most(std::string_view key, const Figure<T>& small, std::string_view limit_key, const Figure<T>& large) {
    at_most(key, small, limit_key, large, large.value);
  }

  Fields& fields() { return fields_; }

 private:
  template <class T>
  void keep(std::string_view key, const Figure<T>& figure) {
    if (figure.node == nullptr) return;
    const std::string origin = figure.note.empty() ? figure.source : figure.source + " (" + figure.note + ")";
    record_.push_back({prefix_ + std::string(key), figure.text, figure.mark, origin});
  }

  Fields& fields_;
  const Node* sources_;
  std::string prefix_;
  std::vector<FigureSource>& record_;
};

/// What `reference`, written in the file `document`, names: a catalogue name as it is, a path beside that file.
std::string beside(const Document& document, std::string_view reference);

/// An index of a list of words, such as an enum's; reports what is not among them.
std::size_t choose(Fields& fields, std::string_view key, const std::vector<std::string>& words);

}  // namespace ithaca
