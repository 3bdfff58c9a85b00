#pragma once
// The flags of one command of the probe, each with what takes its value. Every mistake is kept, a line each.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/units.hpp"

namespace ithaca {

class OptionTable {
 public:
  using Reader = std::function<void(const std::string& value)>;

  void value(const std::string& flag, Reader reader) { readers_[flag] = std::move(reader); }
  void toggle(const std::string& flag, bool& to) { toggles_[flag] = &to; }
  /// A value that a parser of model/units.hpp reads.
  template <class T, class Parse>
  void parsed(const std::string& flag, Parse parse, T& to) {
    value(flag, [this, flag, parse, &to](const std::string& text) { take(flag, text, parse, to); });
  }
  template <class T, class Parse>
  void take(const std::string& flag, const std::string& text, Parse parse, T& to) {
    const auto result = parse(text);
    if (result)
      to = static_cast<T>(*result);
    else
      complain(flag + ": " + result.error().what + "; " + result.error().next);
  }

  void read(const std::vector<std::string>& arguments, std::size_t first);
  void complain(const std::string& problem) { problems_ += "error: " + problem + "\n"; }
  /// As they come, with their "error: ".
  void add(const std::string& lines) { problems_ += lines; }
  const std::string& problems() const { return problems_; }

 private:
  std::map<std::string, Reader> readers_;
  std::map<std::string, bool*> toggles_;
  std::string problems_;
};

/// "a,b" as a and b.
std::vector<std::string> split_list(const std::string& list);

}  // namespace ithaca
