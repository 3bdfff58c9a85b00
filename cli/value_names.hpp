#pragma once
// What may stand behind a flag or as a command's own word, where that is a name or a file. A flag of one name takes the
// same names in every command.

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace ithaca {

struct ValueNames {
  std::vector<std::string> names;
  bool files = false;  ///< a path is as good
};

/// Empty where the value is a number, a size or free text.
ValueNames value_names(const Flag& flag);
/// Of the words that belong to no flag.
ValueNames word_names(const Command& command);

/// Whether the flag takes several names with commas between them.
bool takes_list(const Flag& flag);

}  // namespace ithaca
