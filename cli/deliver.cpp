#include "cli/deliver.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ithaca {
namespace {

ExitCode cannot_write(const std::string& where) {
  const std::string reason = std::strerror(errno);
  std::fprintf(stderr, "error: %s: cannot write: %s\nnext: check the path, its permissions and the disk\n",
               where.c_str(), reason.c_str());
  return ExitCode::internal;
}

bool put(std::FILE* stream, const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
}

bool write_file(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = put(file, text);
  const int reason = errno;
  const bool closed = std::fclose(file) == 0;
  if (!written) errno = reason;
  return written && closed;
}

}  // namespace

ExitCode deliver(const Outcome& outcome) {
  std::fputs(outcome.talk.c_str(), stderr);
  if (outcome.result.empty()) return outcome.exit;
  if (outcome.file.empty() || outcome.file == "-") {
    if (!put(stdout, outcome.result)) return cannot_write("stdout");
  } else if (!write_file(outcome.file, outcome.result)) {
    return cannot_write("-o " + outcome.file);
  }
  return outcome.exit;
}

}  // namespace ithaca
