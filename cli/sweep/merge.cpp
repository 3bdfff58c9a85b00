#include "cli/sweep/merge.hpp"

#include <algorithm>
#include <fstream>

#include "cli/sweep/output.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

struct MergedShard {
  std::string file;
  SweepJournal journal;
};

std::string points(std::uint64_t count) { return grouped(static_cast<std::int64_t>(count)); }

void check_shard(const MergedShard& shard, const SweepJournal& model, Diagnostics& problems) {
  const SweepJournal& j = shard.journal;
  if (j.fingerprint != model.fingerprint)
    problems.push_back(mistake(shard.file, "is of another sweep than the others", "merge the shards of one"));
  if (j.next < j.end)
    problems.push_back(mistake(shard.file, "is not finished: " + points(j.end - j.next) + " points are missing",
                               "run that shard again with --resume"));
}

/// From the first point to the last, nothing missing and nothing twice.
void check_cover(const std::vector<MergedShard>& shards, Diagnostics& problems) {
  std::uint64_t next = 0;
  for (const MergedShard& shard : shards) {
    const SweepJournal& j = shard.journal;
    if (j.first > next)
      problems.push_back(mistake(shard.file,
                                 "begins at point " + points(j.first) + ", the ones before end at " + points(next),
                                 "name the files of all shards"));
    if (j.first < next)
      problems.push_back(mistake(shard.file, "has points of another file too", "name each file once"));
    next = j.end;
  }
  if (problems.empty() && next < shards.front().journal.points)
    problems.push_back(mistake(shards.back().file,
                               "ends at point " + points(next) + " of " + points(shards.front().journal.points),
                               "name the files of all shards"));
}

std::vector<MergedShard> read_shards(const std::vector<std::string>& files, Diagnostics& problems) {
  std::vector<MergedShard> shards;
  for (const std::string& file : files) {
    auto journal = read_journal(file);
    if (journal) {
      shards.push_back({file, std::move(*journal)});
    } else {
      problems.push_back(
          mistake(file, journal_path(file) + " is missing or damaged", "keep it beside the shard's file"));
    }
  }
  std::stable_sort(shards.begin(), shards.end(),
                   [](const MergedShard& a, const MergedShard& b) { return a.journal.first < b.journal.first; });
  if (!problems.empty()) return shards;
  for (const MergedShard& shard : shards) check_shard(shard, shards.front().journal, problems);
  if (problems.empty()) check_cover(shards, problems);
  return shards;
}

/// Bytes `from` to `to` of a file. False where they cannot be read or written.
bool copy(const std::string& file, std::uint64_t from, std::uint64_t to, SweepOutput& output) {
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(from));
  std::string block;
  while (from < to) {
    block.resize(std::min<std::uint64_t>(to - from, 1 << 20));
    if (!stream.read(block.data(), static_cast<std::streamsize>(block.size())) || !output.write(block)) return false;
    from += block.size();
  }
  return true;
}

std::optional<Diagnostic> write_all(const std::vector<MergedShard>& shards, SweepOutput& output) {
  const SweepJournal& first = shards.front().journal;
  bool good = copy(shards.front().file, 0, first.head_bytes, output);
  PartJoiner joiner(first.keep, false);
  for (const MergedShard& shard : shards) {
    std::string text;
    SweepPart edges = shard.journal.state;
    SweepPart before;  // what ends in this shard, in front of its own rows
    before.head = std::move(edges.head);
    before.head_closed = edges.head_closed;
    joiner.join(std::move(before), text);
    good = good && output.write(text) && copy(shard.file, shard.journal.head_bytes, shard.journal.bytes, output);
    if (!good) return mistake(shard.file, "cannot be read, or its rows not written", "check files and disk");
    SweepPart behind;
    behind.tail = std::move(edges.tail);
    behind.counts = edges.counts;
    joiner.join(std::move(behind), text);
  }
  if (!output.finish()) return output.error();
  return std::nullopt;
}

}  // namespace

Outcome merge_shards(const std::vector<std::string>& files, const std::string& into) {
  Diagnostics problems;
  if (files.empty()) problems.push_back(mistake("--merge", "names no file", "ithaca sweep --merge FILES -o FILE"));
  if (std::find(files.begin(), files.end(), into) != files.end())
    problems.push_back(mistake("-o " + into, "is one of the shards", "write into another file"));
  const std::vector<MergedShard> shards = read_shards(files, problems);
  if (!problems.empty()) return misuse(problems);
  auto output = SweepOutput::open(into, std::nullopt);
  if (!output) return {ExitCode::internal, "", print(output.error()), ""};
  if (const auto problem = write_all(shards, output.value())) return {ExitCode::internal, "", print(*problem), ""};
  SweepCounts counts;
  for (const MergedShard& shard : shards) counts.add(shard.journal.state.counts);
  return {counts.answered == 0 ? ExitCode::infeasible : ExitCode::done, "", "", ""};
}

}  // namespace ithaca
