#pragma once
// Where a sweep's rows go, and the journal beside the file from which it goes on after it was killed.
//
// The journal says how many points are done, how long the file is then, and which rows wait for the rest of their
// group. It is replaced as a whole (written beside, renamed), after the file: whatever instant ends the program, what
// the journal says is on disk. Beyond its length the file is cut off and written anew.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/problem.hpp"
#include "cli/sweep/parts.hpp"
#include "model/result.hpp"

namespace ithaca {

struct SweepJournal {
  std::string fingerprint;   ///< of the question; another sweep's journal is not taken up
  std::uint64_t points = 0;  ///< of the whole sweep
  SweepKeep keep = SweepKeep::all;
  std::uint64_t first = 0, end = 0;  ///< points of this file: of the whole or of a shard
  std::uint64_t next = 0;            ///< the first point that is not done
  std::uint64_t head_bytes = 0;      ///< of the file, above its first row
  std::uint64_t bytes = 0;           ///< of the file
  bool begins_inside = false;        ///< of a group
  SweepPart state;                   ///< PartJoiner's
};

std::string journal_path(const std::string& file);
/// Nothing where there is no journal or a damaged one.
std::optional<SweepJournal> read_journal(const std::string& file);
/// Whether it could be replaced.
bool write_journal(const std::string& file, const SweepJournal& journal);

/// A stream of rows: a file of its own or stdout.
class SweepOutput {
 public:
  /// "" or "-" is stdout. With `keep` bytes the file is there already, and goes on behind them.
  static Result<SweepOutput, Diagnostics> open(const std::string& file, std::optional<std::uint64_t> keep);
  /// False where it could not be written: error() says why.
  bool write(const std::string& text);
  bool flush();
  /// Flushes and closes.
  bool finish();
  std::uint64_t bytes() const { return bytes_; }
  Diagnostic error() const;

 private:
  struct Closer {
    void operator()(std::FILE* stream) const;
  };
  SweepOutput() = default;
  std::string file_;
  std::unique_ptr<std::FILE, Closer> own_;
  std::FILE* stream_ = nullptr;
  std::uint64_t bytes_ = 0;
  int reason_ = 0;
};

}  // namespace ithaca
