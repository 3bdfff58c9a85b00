#pragma once
// Version and git revision of this build, from configure time.

#include <string>
#include <string_view>

namespace ithaca {

std::string_view version();       ///< "0.1.0"
std::string_view git_revision();  ///< "ac40bf5"; "unknown" outside a git checkout
std::string version_line();       ///< "ithaca 0.1.0 (git ac40bf5)"

}  // namespace ithaca
