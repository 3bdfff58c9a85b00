#include "cli/sweep/output.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ithaca {
namespace {

constexpr std::string_view kFirstLine = "ithaca sweep journal 1";

Diagnostic cannot(const std::string& file, const std::string& what, int reason, const std::string& next) {
  return mistake(file.empty() || file == "-" ? "stdout" : "-o " + file, what + ": " + std::strerror(reason), next);
}

}  // namespace

std::string journal_path(const std::string& file) { return file + ".sweep"; }

std::optional<SweepJournal> read_journal(const std::string& file) {
  std::ifstream stream(journal_path(file), std::ios::binary);
  std::string first_line;
  SweepJournal journal;
  if (!std::getline(stream, first_line) || first_line != kFirstLine) return std::nullopt;
  int keep = 0;
  stream >> journal.fingerprint >> journal.points >> keep >> journal.first >> journal.end >> journal.next >>
      journal.head_bytes >> journal.bytes >> journal.begins_inside;
  journal.keep = static_cast<SweepKeep>(keep);
  if (!stream || stream.get() != '\n') return std::nullopt;
  std::ostringstream rest;
  rest << stream.rdbuf();
  auto state = unpack(rest.str());
  if (!state) return std::nullopt;
  journal.state = std::move(*state);
  return journal;
}

bool write_journal(const std::string& file, const SweepJournal& journal) {
  const std::string path = journal_path(file), beside = path + ".new";
  {
    std::ofstream stream(beside, std::ios::binary);
    stream << kFirstLine << '\n'
           << journal.fingerprint << ' ' << journal.points << ' ' << static_cast<int>(journal.keep) << ' '
           << journal.first << ' ' << journal.end << ' ' << journal.next << ' ' << journal.head_bytes << ' '
           << journal.bytes << ' ' << journal.begins_inside << '\n'
           << pack(journal.state);
    stream.close();
    if (!stream) return false;
  }
  std::error_code failed;
  std::filesystem::rename(beside, path, failed);
  return !failed;
}

void SweepOutput::Closer::operator()(std::FILE* stream) const { std::fclose(stream); }

Result<SweepOutput, Diagnostics> SweepOutput::open(const std::string& file, std::optional<std::uint64_t> keep) {
  SweepOutput output;
  output.file_ = file;
  if (file.empty() || file == "-") {
    output.stream_ = stdout;
    return output;
  }
  if (keep) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (failed || size < *keep)
      return Diagnostics{mistake("-o " + file, "is shorter than its journal says", "remove " + journal_path(file))};
    std::filesystem::resize_file(file, *keep, failed);
    if (failed) return Diagnostics{cannot(file, "cannot cut it", failed.value(), "check its permissions")};
    output.bytes_ = *keep;
  }
  output.own_.reset(std::fopen(file.c_str(), keep ? "ab" : "wb"));
  output.stream_ = output.own_.get();
  if (output.stream_ == nullptr)
    return Diagnostics{cannot(file, "cannot write", errno, "check the path, its permissions and the disk")};
  return output;
}

bool SweepOutput::write(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stream_) != text.size()) {
    reason_ = errno;
    return false;
  }
  bytes_ += text.size();
  return true;
}

bool SweepOutput::flush() {
  if (std::fflush(stream_) == 0) return true;
  reason_ = errno;
  return false;
}

bool SweepOutput::finish() {
  if (!flush()) return false;
  if (!own_) return true;
  const bool closed = std::fclose(own_.release()) == 0;
  if (!closed) reason_ = errno;
  return closed;
}

Diagnostic SweepOutput::error() const {
  return cannot(file_, "cannot write", reason_, "make room, then run it again with --resume");
}

}  // namespace ithaca
