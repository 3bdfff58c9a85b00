#include "cli/collective_flags.hpp"

#include "cli/flag_reader.hpp"
#include "cli/flag_words.hpp"
#include "cli/join_flags.hpp"
#include "cli/profile_flag.hpp"
#include "configs/reader/byte_range.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr Flag kOwnCollectiveFlags[] = {
    {"--cluster", "C", "the cluster: a name from 'ithaca inspect' or a YAML file", true},
    {"--gpus", "G", "number of GPUs in use; all groups among them run at once", true},
    {"--group", "SIZE[:STRIDE]", "ranks of a group, and how far apart they are [all]"},
    {"--placement", "WHERE", "inner: ranks of a group stand side by side; outer: as far apart as they can [inner]"},
    {"--algorithm", "A",
     "all_to_all: direct, pairwise, hierarchical, bruck; all_gather and reduce_scatter: ring, recursive, nvls; "
     "all_reduce: ring, tree, nvls [NCCL's choice]"},
    {"--sizes", "RANGE", "as nccl-tests counts them: 1KiB..1GiB*4, 8MiB..64MiB+8MiB, [1MiB,3MiB] [1KiB..1GiB*4]"},
    {"--steps", "", "rounds of rings and trees one by one instead of as one stream"},
    {"--barrier", "", "the same, and all ranks wait for each other after each round"},
    {"--mtu", "BYTES",
     "messages in packets of a transport of its own instead of NCCL's latencies and rates: whole packets, a round trip "
     "before, the last one stored and forwarded at each hop"},
};
constexpr auto kAllCollectiveFlags = join_flags(kOwnCollectiveFlags, kProfileFlag, kMachineFlags, kOutputFlags);

constexpr Algorithm kAlgorithms[] = {Algorithm::direct, Algorithm::pairwise,  Algorithm::hierarchical, Algorithm::bruck,
                                     Algorithm::ring,   Algorithm::recursive, Algorithm::nvls,         Algorithm::tree};
enum class Where { inner, outer };
constexpr Choice<Where> kPlacements[] = {{"inner", Where::inner}, {"outer", Where::outer}};

Op read_op(const Arguments& arguments, Diagnostics& problems) {
  std::vector<std::string> names;
  for (const auto& [word, op] : kOps) {
    if (!arguments.words.empty() && arguments.words[0] == word) return op;
    names.emplace_back(word);
  }
  if (arguments.words.empty()) {
    problems.push_back(mistake("simulate collective", "the collective is missing",
                               "ithaca simulate collective all_to_all --cluster C --gpus G", suggestion("", names)));
  } else {
    problems.push_back(
        mistake(arguments.words[0], "there is no such collective", "", suggestion(arguments.words[0], names)));
  }
  return Op::all_gather;
}

/// "8" or "8:4".
Group read_group(FlagReader& flags, int gpus) {
  Group group{gpus, 1};
  const std::string text = flags.text("--group");
  const std::size_t colon = text.find(':');
  if (!text.empty()) {
    const auto size = parse_count(text.substr(0, colon));
    const auto stride = colon == std::string::npos ? parse_count("1") : parse_count(text.substr(colon + 1));
    if (!size || !stride || *size < 1 || *stride < 1 || *size > kMostGpus || *stride > kMostGpus) {
      flags.complain("--group", "is no size and stride", "write --group 8, or --group 8:4 for ranks 4 apart");
      return group;
    }
    group = {static_cast<int>(*size), static_cast<int>(*stride)};
  }
  const auto where = flags.choice<Where>("--placement", kPlacements);
  if (where && colon != std::string::npos) {
    flags.complain("--placement", "--group gives the stride already", "leave one of them out");
  } else if (where == Where::outer) {
    group.stride = std::max(1, gpus / group.size);
  }
  return group;
}

std::vector<Bytes> read_sizes(FlagReader& flags) {
  const std::string text = flags.has("--sizes") ? flags.text("--sizes") : "1KiB..1GiB*4";
  auto sizes = parse_byte_range(text);
  if (sizes) return std::move(sizes).value();
  flags.complain("--sizes", sizes.error().what, sizes.error().next);
  return {};
}

std::optional<Bytes> read_mtu(FlagReader& flags) {
  if (!flags.has("--mtu")) return std::nullopt;
  const auto mtu = parse_bytes(flags.text("--mtu"));
  if (mtu && *mtu >= Bytes{1}) return *mtu;
  if (!mtu) flags.complain("--mtu", mtu.error().what, mtu.error().next);
  if (mtu) flags.complain("--mtu", "is less than a byte", "write --mtu 9000B");
  return std::nullopt;
}

}  // namespace

const std::span<const Flag> kCollectiveFlags = kAllCollectiveFlags;

CollectiveRequest read_collective_flags(const Arguments& arguments, Diagnostics& problems) {
  FlagReader flags(arguments, problems);
  CollectiveRequest request;
  request.op = read_op(arguments, problems);
  request.cluster = flags.text("--cluster");
  request.gpus = static_cast<int>(flags.count("--gpus", 1, kMostGpus).value_or(1));
  request.group = read_group(flags, request.gpus);
  std::vector<Choice<Algorithm>> algorithms;
  for (const Algorithm a : kAlgorithms) algorithms.emplace_back(name(a), a);
  request.algorithm = flags.choice<Algorithm>("--algorithm", algorithms);
  request.sizes = read_sizes(flags);
  request.barrier = flags.has("--barrier");
  request.step_by_step = request.barrier || flags.has("--steps");
  request.mtu = read_mtu(flags);
  request.machine = read_machine_flags(arguments, problems);
  if (flags.has("--json") && flags.has("--csv"))
    flags.complain("--json and --csv", "exclude each other", "keep one of them");
  if (flags.has("--json")) request.format = Format::json;
  if (flags.has("--csv")) request.format = Format::csv;
  request.color = flags.color();
  request.file = flags.text("-o");
  return request;
}

}  // namespace ithaca
