#include "validate/probe/option_table.hpp"

#include "configs/reader/nearest.hpp"

namespace ithaca {

std::vector<std::string> split_list(const std::string& list) {
  std::vector<std::string> words;
  std::size_t start = 0;
  for (std::size_t comma = list.find(','); comma != std::string::npos; comma = list.find(',', start)) {
    words.push_back(list.substr(start, comma - start));
    start = comma + 1;
  }
  words.push_back(list.substr(start));
  return words;
}

void OptionTable::read(const std::vector<std::string>& arguments, std::size_t first) {
  std::vector<std::string> names;
  for (const auto& [name, reader] : readers_) names.push_back(name);
  for (const auto& [name, to] : toggles_) names.push_back(name);
  for (std::size_t next = first; next < arguments.size(); ++next) {
    const std::string& flag = arguments[next];
    if (const auto toggle = toggles_.find(flag); toggle != toggles_.end())
      *toggle->second = true;
    else if (readers_.count(flag) == 0)
      complain("'" + flag + "' is no flag; " + suggestion(flag, names));
    else if (next + 1 == arguments.size())
      complain(flag + " needs a value");
    else
      readers_.at(flag)(arguments[++next]);
  }
}

}  // namespace ithaca
