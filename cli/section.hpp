#pragma once
// What `ithaca inspect` shows of one thing.

#include <string>
#include <vector>

namespace ithaca {

/// A titled list of named values; `mark` and `source` may be empty.
struct Section {
  struct Item {
    std::string name, value, mark, source;
  };
  std::string key;  ///< in JSON: "models"
  std::string title;
  std::vector<Item> items;
};

}  // namespace ithaca
