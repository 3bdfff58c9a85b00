#pragma once
// A program's run as a timeline in Chrome's trace-event format, for ui.perfetto.dev: ranks are processes, streams are
// their threads, links are counters of a process of their own.
//
// Slices of a thread follow each other and never overlap. Times are microseconds on a grid of 2^-13 us: so the sum of
// a slice's beginning and duration is exact in doubles, also when a viewer counts in nanoseconds (up to 2 h), and what
// ends when the next begins is not taken for overlapping. Tasks shorter than the grid are left out.

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

struct TracePoint {
  Seconds time{};
  double value = 0;  ///< from this time on
};

struct Trace {
  const Program& program;
  const ProgramRun& run;
  std::vector<std::uint32_t> ranks;  ///< to be shown
  /// Bytes in use by a rank, by time; may be empty.
  std::function<std::vector<TracePoint>(std::uint32_t rank)> memory;
  struct Link {
    std::string name;
    std::vector<TracePoint> use;  ///< share of the capacity
  };
  std::vector<Link> links;
  std::vector<std::string> argv;
};

/// All ranks where they are few; otherwise one of each class, the last to finish first among them, up to `most`.
std::vector<std::uint32_t> ranks_to_show(const Program& program, const ProgramRun& run, std::size_t most = 64);

/// What links carry while exchanges go on: of the `most` that carry most of their capacity, for each exchange its bytes
/// spread evenly from the first rank's beginning to the last one's end. None for programs of many millions of messages.
std::vector<Trace::Link> trace_links(const Program& program, const ProgramRun& run, const Router& router,
                                     std::size_t most = 16);

/// Streams the document; nothing is kept.
void write_trace(std::ostream& out, const Trace& trace);
/// Into `file`; what went wrong.
std::optional<Diagnostic> save_trace(const std::string& file, const Trace& trace);

}  // namespace ithaca
