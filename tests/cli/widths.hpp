#pragma once
// What every text for people must keep to.

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace ithaca::test {

inline void expect_no_wider(const std::string& text, std::size_t width) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), width) << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << "trailing space: '" << line << "'";
    for (const char c : line) EXPECT_TRUE(c >= ' ' && c <= '~') << "not plain ASCII: " << line;
  }
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Words of `text` with single spaces, so that a sentence is found wherever it was wrapped.
inline std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string joined;
  for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

}  // namespace ithaca::test
