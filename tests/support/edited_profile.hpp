#pragma once
// A catalogue file with a few words changed, written to a file of its own for as long as the object lives.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary.hpp"

namespace ithaca {

struct Edit {
  std::string replace, with;
};

class EditedProfile {
 public:
  /// `source` is a path from the repository's root; each edit changes the first place that has its text.
  EditedProfile(const std::string& source, const std::vector<Edit>& edits) {
    std::ifstream in(std::string(ITHACA_SOURCE_DIR "/") + source);
    std::ostringstream text;
    text << in.rdbuf();
    text_ = text.str();
    for (const Edit& edit : edits) {
      const std::size_t at = text_.find(edit.replace);
      if (at == std::string::npos) {
        ADD_FAILURE() << source << " has no '" << edit.replace << "'";
        continue;
      }
      text_.replace(at, edit.replace.size(), edit.with);
    }
    const std::string running = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::string name = running + ".yaml";
    std::replace(name.begin(), name.end(), '/', '-');
    path_ = test::temporary_path(name);
    std::ofstream(path_) << text_;
  }
  ~EditedProfile() { std::remove(path_.c_str()); }
  EditedProfile(const EditedProfile&) = delete;
  EditedProfile& operator=(const EditedProfile&) = delete;

  const std::string& path() const { return path_; }
  /// The line, from 1, of the first place of a text.
  int line_of(const std::string& words) const {
    const std::size_t at = text_.find(words);
    if (at == std::string::npos) return -1;
    return 1 + static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }

 private:
  std::string text_, path_;
};

/// A parameter of text as a test's name.
inline std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

}  // namespace ithaca
