#pragma once
// A result that grows while it is measured: what was kept last is never lost, whatever ends the program.

#include <mutex>
#include <optional>
#include <string>

namespace ithaca {

class ResultFile {
 public:
  /// Empty or "-": the standard output, at the end.
  explicit ResultFile(std::string path) : path_(std::move(path)) {}

  /// Replaces what the file held, whole or not at all. The error says why it cannot be written.
  std::optional<std::string> keep(const std::string& text);
  /// To the standard output, where there is no file: what was kept last. From any thread, once.
  void finish();
  bool is_file() const { return !path_.empty() && path_ != "-"; }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  std::mutex mutex_;
  std::string last_;
  bool is_done_ = false;
};

}  // namespace ithaca
