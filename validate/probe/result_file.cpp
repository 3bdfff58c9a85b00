#include "validate/probe/result_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace ithaca {

std::optional<std::string> ResultFile::keep(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  last_ = text;
  if (!is_file()) return std::nullopt;
  const std::string beside = path_ + ".part";
  std::ofstream file(beside, std::ios::binary);
  file << text;
  file.close();
  if (!file || std::rename(beside.c_str(), path_.c_str()) != 0)
    return path_ + " cannot be written: " + std::strerror(errno);
  return std::nullopt;
}

void ResultFile::finish() {
  const std::scoped_lock lock(mutex_);
  if (is_done_ || is_file()) return;
  is_done_ = true;
  std::fputs(last_.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace ithaca
