#pragma once
// Measured collectives: what nccl-tests prints or writes as JSON, and tables of our own (schema measurements/1).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "model/collective.hpp"
#include "model/result.hpp"

namespace ithaca {

struct CollectiveSample {
  Op op{};
  std::optional<Algorithm> algorithm;  ///< where the measurement says
  int ranks = 0;
  int nodes = 0;    ///< servers they are on; 0 where the log does not say
  Bytes message{};  ///< nccl-tests' size (model/collective.hpp)
  Seconds time{};
  bool in_place = false;
  std::optional<double> wrong;  ///< elements that came out wrong; none: not checked
  int line = 0;                 ///< of the file
  bool fitted = false;          ///< a figure of a committed cluster was made of it, so it judges none

  struct Spread {
    Seconds mean{};  ///< over the ranks, where `time` is the slowest's
    Seconds p10{}, p90{};
    int timings = 0;
    double error = 0;  ///< of the median
  };
  std::optional<Spread> spread{};
  std::optional<Seconds> estimate{};  ///< NCCL's own, by ncclGroupSimulateEnd
  std::string doubt{};                ///< why nothing should be fitted to it or judged by it; empty: nothing
  std::string source{};               ///< of the table, where several are looked at together

  /// What the calling host takes: longer than the collective where the GPUs wait for it, and on top of every call.
  Seconds host_needs{}, host_adds{};
};

/// The time of the sample if its collective takes `device`.
inline Seconds timed(const CollectiveSample& s, Seconds device) { return max(device, s.host_needs) + s.host_adds; }

/// The collectives of one transformer layer's forward one after another, as they were measured.
struct PatternSample {
  std::string pattern;  ///< ulysses: all-to-all, attention, all-to-all; megatron_sp: all-gather, reduce-scatter, twice
  std::string model;
  std::int64_t seq = 0;
  int ranks = 0;
  Bytes sent{};                      ///< by the rank that sends most
  Seconds time{}, mean{};            ///< of the slowest rank, and over the ranks
  std::optional<Seconds> attention;  ///< the kernel alone, where `time` has it
  std::string doubt;
};

struct CollectiveSamples {
  std::string file;
  std::string source;
  std::string gpu;   ///< as the driver calls it; empty where the log does not say
  std::string nccl;  ///< version
  std::vector<CollectiveSample> samples;
  Diagnostics broken;  ///< rows that could not be taken in; the others are whole

  std::string cluster{};                                          ///< catalogue name or file; may be empty
  std::vector<std::pair<std::string, std::string>> provenance{};  ///< driver, date, environment, ... by name
  std::vector<PatternSample> patterns{};
  std::vector<std::string> left_out{};  ///< what was asked for and could not be measured, each with its reason
  std::size_t more_broken = 0;          ///< rows beyond those that `broken` names
};

/// What a log may leave unsaid, and then must be given; it is believed over what the log implies but not over what it
/// says.
struct CollectiveHints {
  std::optional<Op> op;
  std::optional<int> ranks, nodes;
};

/// The text of nccl-tests in any version: with or without the header, a prefix of mpirun or srun on each line, lines of
/// NCCL_DEBUG between the rows, thinned rows and columns, several tests in a row; or its JSON. The op comes from the
/// test's name, there or in the file's name; the ranks from the list of devices, else from busbw over algbw.
Result<CollectiveSamples, Diagnostics> read_nccl_tests(const std::string& file, std::string text,
                                                       const CollectiveHints& hints);

/// A file of any of the kinds, told apart by its beginning; `path` may be "-" for the standard input.
Result<CollectiveSamples, Diagnostics> load_collectives(const std::string& path, const CollectiveHints& hints);

Result<CollectiveSamples, Diagnostics> read_collective_table(const Document& document);
/// The same of a text that was read already.
Result<CollectiveSamples, Diagnostics> read_collectives(const std::string& file, std::string text,
                                                        const CollectiveHints& hints);

/// Samples as a file that load_collectives reads.
std::string collectives_yaml(const CollectiveSamples& samples);

}  // namespace ithaca
