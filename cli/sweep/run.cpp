#include "cli/sweep/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "cli/sweep/heat.hpp"
#include "cli/sweep/output.hpp"
#include "cli/sweep/progress.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"
#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kJournalInterval = 0.05;  // seconds
constexpr std::uint64_t kLargestChunk = 256;
constexpr double kSampleTime = 0.3;     // seconds that a dry run spends on points
constexpr std::uint64_t kSamples = 16;  // chunks, at equal distances

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

/// Axes that make a group come first, each kind in the order given.
void order_axes(const SweepRequest& request, std::vector<SweepAxis>& axes, Diagnostics& problems) {
  const auto makes_group = [&](const SweepAxis& axis) {
    return std::find(request.per.begin(), request.per.end(), axis.name) != request.per.end();
  };
  std::vector<std::string> names;
  names.reserve(axes.size());
  for (const SweepAxis& axis : axes) names.push_back(axis.name);
  for (const std::string& name : request.per) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      problems.push_back(mistake("--per " + name, "is no axis of this sweep", "", suggestion(name, names)));
  }
  std::stable_partition(axes.begin(), axes.end(), makes_group);
}

/// Points in a row that share the values of the axes that make a group.
std::uint64_t group_size(const SweepRequest& request, const std::vector<SweepAxis>& axes, std::uint64_t points) {
  if (request.keep == SweepKeep::all) return 1;
  if (!request.has_per) return request.keep == SweepKeep::front ? points : 1;
  std::uint64_t size = points;
  for (std::size_t i = 0; i < request.per.size(); ++i) size /= axes[i].words.size();
  return size;
}

void add_bytes(std::uint64_t& hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;  // FNV-1a
  hash = (hash ^ 0xff) * 0x100000001b3;
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "\"" : ",\"";
    for (const char c : word) text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    text += '"';
  }
  return text;
}

/// Of a chunk that begins at the i-th of the places where a dry run looks.
std::uint64_t sample_end(const SweepChunks& chunks, std::uint64_t i) {
  const std::uint64_t points = chunks.end - chunks.first, here = i * points / kSamples;
  return chunks.first + std::min(here + chunks.size, std::max(here + 1, (i + 1) * points / kSamples));
}

/// One sweep on its way into a file or a stream.
class SweepRun {
 public:
  SweepRun(const SweepRequest& request, const SweepPlan& plan, const Environment& environment)
      : request_(request),
        plan_(plan),
        environment_(environment),
        chunks_(chunks_of(plan, request.shard)),
        in_file_(!request.file.empty() && request.file != "-"),
        heat_(plan.inputs.axes, plan.heat == nullptr ? "" : std::string(plan.heat->name), style()) {}

  Outcome run();

 private:
  Style style() const {
    const bool to_terminal = request_.file.empty() || request_.file == "-";
    const Environment target = to_terminal ? environment_ : Environment{};
    return {target.columns, use_color(request_.color, target)};
  }
  std::optional<Diagnostics> open();
  bool take(SweepPart part, std::uint64_t& next);
  bool save(std::uint64_t next);
  SweepEnd work(SweepProgress& progress, HeldSignals& signals);
  Outcome finish(SweepEnd end);
  bool resumable() const {
    return in_file_ && request_.format != SweepFormat::heat && request_.format != SweepFormat::table;
  }

  const SweepRequest& request_;
  const SweepPlan& plan_;
  const Environment& environment_;
  SweepChunks chunks_;
  bool in_file_;
  HeatMap heat_;
  std::optional<SweepOutput> output_;
  std::optional<PartJoiner> joiner_;
  SweepJournal journal_;
  bool failed_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point saved_ = begin_;
};

std::optional<Diagnostics> SweepRun::open() {
  journal_.fingerprint = fingerprint(request_, plan_);
  journal_.points = plan_.points;
  journal_.keep = plan_.keep;
  journal_.first = journal_.next = chunks_.first;
  journal_.end = chunks_.end;
  journal_.begins_inside = chunks_.first % plan_.group != 0;
  const auto before = resumable() ? read_journal(request_.file) : std::nullopt;
  const bool same = before && before->fingerprint == journal_.fingerprint && before->first == journal_.first &&
                    before->end == journal_.end;
  if (before && request_.resume && !same)
    return Diagnostics{mistake("--resume", request_.file + " is of another sweep or another version",
                               "give the flags that it was begun with, or remove " + journal_path(request_.file))};
  if (before && !request_.resume && before->next < before->end)
    return Diagnostics{mistake("-o " + request_.file, "holds a sweep that was not finished",
                               "add --resume, or remove " + journal_path(request_.file))};
  const bool goes_on = request_.resume && same;
  if (goes_on) journal_ = *before;
  auto opened = SweepOutput::open(request_.file, goes_on ? std::optional(journal_.bytes) : std::nullopt);
  if (!opened) return opened.error();
  output_.emplace(std::move(opened).value());
  joiner_.emplace(plan_.keep, journal_.begins_inside, journal_.state);
  if (goes_on) {
    chunks_.first = journal_.next;
    return std::nullopt;
  }
  const std::string head = head_of(request_, plan_);
  journal_.head_bytes = head.size();
  if (!output_->write(head) || !save(chunks_.first)) return Diagnostics{output_->error()};
  return std::nullopt;
}

/// The file first, then what the journal says of it.
bool SweepRun::save(std::uint64_t next) {
  if (!output_->flush()) return false;
  journal_.next = next;
  journal_.bytes = output_->bytes();
  journal_.state = joiner_->state();
  saved_ = Clock::now();
  if (resumable()) write_journal(request_.file, journal_);  // where it fails the one before still holds
  return true;
}

bool SweepRun::take(SweepPart part, std::uint64_t& next) {
  std::string text;
  next += part.counts.points;
  joiner_->join(std::move(part), text);
  if (request_.format == SweepFormat::heat) text = heat_.take(text);
  if (request_.format == SweepFormat::json && !text.empty() && output_->bytes() == journal_.head_bytes)
    text.erase(0, 1);  // the comma in front of the first row
  const bool due = seconds_since(saved_) > kJournalInterval;
  failed_ = !output_->write(text) || (due && !save(next));
  return !failed_;
}

SweepEnd SweepRun::work(SweepProgress& progress, HeldSignals& signals) {
  std::uint64_t next = chunks_.first;
  const auto take_part = [&](SweepPart part) {
    const bool good = take(std::move(part), next);
    if (request_.progress) {
      const std::string line = progress.update(joiner_->state().counts, seconds_since(begin_));
      std::fputs(line.c_str(), stderr);
    }
    return good;
  };
  const auto stop = [&] { return signals.arrived(); };
  const SweepEnd end = environment_.crew != nullptr ? environment_.crew->lead(chunks_, take_part, stop)
                                                    : run_on_threads(plan_, chunks_, request_.threads, take_part, stop);
  if (!failed_ && !save(next)) failed_ = true;
  return end;
}

Outcome SweepRun::finish(SweepEnd end) {
  const SweepCounts& counts = joiner_->state().counts;
  if (failed_) return {ExitCode::internal, "", print(output_->error()), ""};
  if (end == SweepEnd::stopped) {
    const std::string next = resumable() ? "the same command with --resume goes on from there" : "it begins anew";
    return {ExitCode::interrupted, "",
            fmt::format("interrupted after {} of {} points\nnext: {}\n",
                        grouped(static_cast<std::int64_t>(journal_.next - journal_.first)),
                        grouped(static_cast<std::int64_t>(journal_.end - journal_.first)), next),
            ""};
  }
  if (!output_->write(tail_of(request_.format)) || !output_->finish())
    return {ExitCode::internal, "", print(output_->error()), ""};
  std::error_code ignored;
  if (resumable() && !request_.is_shard) std::filesystem::remove(journal_path(request_.file), ignored);
  Outcome outcome;
  if (counts.answered == 0) outcome.exit = ExitCode::infeasible;
  if (in_file_)
    outcome.talk =
        fmt::format("{} points, {} rows worked out, {} of them feasible, in {}\n",
                    grouped(static_cast<std::int64_t>(counts.points)), grouped(static_cast<std::int64_t>(counts.rows)),
                    grouped(static_cast<std::int64_t>(counts.feasible)), duration_words(seconds_since(begin_)));
  return outcome;
}

Outcome SweepRun::run() {
  if (const auto problems = open()) return {ExitCode::internal, "", print(*problems), ""};
  SweepProgress progress(std::max<std::uint64_t>(1, journal_.end - journal_.first), journal_.next - journal_.first,
                         environment_.talk_is_terminal, environment_.columns);
  HeldSignals signals;
  if (environment_.crew != nullptr && request_.progress && resumable()) {
    const std::string advice = environment_.crew->advice();
    if (!advice.empty()) std::fprintf(stderr, "note: %s\n", advice.c_str());
  }
  const SweepEnd end = chunks_.first < chunks_.end ? work(progress, signals) : SweepEnd::done;
  std::fputs(progress.clear().c_str(), stderr);
  return finish(end);
}

}  // namespace

SweepPlan make_sweep_plan(const SweepRequest& request, Diagnostics& problems) {
  SweepPlan plan;
  plan.inputs.asks = request.asks;
  plan.inputs.base = request.job;
  plan.inputs.axes = make_axes(request.axes, request.asks, problems);
  read_anew_where_due(plan.inputs.axes, plan.inputs.base, problems);
  order_axes(request, plan.inputs.axes, problems);
  const auto points = count_points(plan.inputs.axes);
  if (!points) problems.push_back(mistake("--set", "makes more than 10^15 points", "leave out values"));
  plan.points = points.value_or(1);
  if (request.format == SweepFormat::heat && plan.inputs.axes.size() < 2)
    problems.push_back(mistake("--heat", "needs two axes", "add --set AXIS=VALUES"));
  check_shared_flags(plan.inputs.base, request.asks, problems);
  if (!problems.empty()) return plan;
  load_inputs(plan.inputs, problems);
  plan.limits = request.limits;
  plan.keep = request.keep;
  plan.group = group_size(request, plan.inputs.axes, plan.points);
  plan.format = request.format;
  Engine engine = Engine::analytic;
  if (problems.empty()) engine = SweepWorker(plan).engine();
  plan.columns = request.columns.empty() ? default_columns(request.asks, engine) : request.columns;
  plan.heat = request.heat;
  const auto of_whole = [](const SweepField* field) {
    return field != nullptr && (field->name == "max_seq_len" || field->name == "max_batch");
  };
  plan.whole =
      std::any_of(plan.columns.begin(), plan.columns.end(), of_whole) || of_whole(plan.heat) ||
      std::any_of(plan.limits.begin(), plan.limits.end(), [&](const RowLimit& l) { return of_whole(l.field); });
  return plan;
}

SweepChunks chunks_of(const SweepPlan& plan, const SweepShard& shard) {
  const std::uint64_t each = plan.points / shard.count, more = plan.points % shard.count;
  const std::uint64_t before = shard.index - 1;
  SweepChunks chunks;
  chunks.first = before * each + std::min(before, more);
  chunks.end = chunks.first + each + (before < more ? 1 : 0);
  const bool slow = plan.inputs.asks == SweepAsks::plan || SweepWorker(plan).engine() == Engine::event;
  chunks.size = slow ? 1 : std::clamp<std::uint64_t>((chunks.end - chunks.first) / 64, 1, kLargestChunk);
  return chunks;
}

std::string fingerprint(const SweepRequest& request, const SweepPlan& plan) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : {version(), git_revision()}) add_bytes(hash, part);
  for (const std::string& word : request.words) add_bytes(hash, word);
  const auto add_file = [&](const std::string& name) {
    std::error_code ignored;
    const auto text = std::filesystem::is_regular_file(name, ignored) ? read_text(name) : TextFile{};
    if (text) add_bytes(hash, text->text);
  };
  for (const auto& [name, model] : plan.inputs.models) add_file(model.file);
  for (const auto& [name, cluster] : plan.inputs.clusters) add_file(cluster.file);
  for (const std::string_view flag : {"--profile", "--documents"}) {
    if (const auto file = plan.inputs.base.find(flag)) add_file(*file);
    for (const SweepAxis& axis : plan.inputs.axes) {
      if (axis.flag != flag) continue;
      for (const std::string& word : axis.words) add_file(word);
    }
  }
  return fmt::format("{:016x}", hash);
}

std::string head_of(const SweepRequest& request, const SweepPlan& plan) {
  if (request.format == SweepFormat::json)
    return fmt::format(
        "{{\"format_version\":\"1.0\",\"provenance\":{{\"version\":\"{}\",\"git\":\"{}\",\"argv\":[{}]}},"
        "\"notices\":[],\n  \"rows\":[",
        version(), git_revision(), quoted_list(request.words));
  return SweepColumns(plan.inputs.axes, plan.columns, plan.format, plan.heat).header();
}

std::string tail_of(SweepFormat format) { return format == SweepFormat::json ? "\n  ]}\n" : ""; }

Outcome run_sweep(const SweepRequest& request, const SweepPlan& plan, const Environment& environment) {
  SweepCrew* crew = environment.crew;
  if (crew != nullptr && !crew->leads()) {
    crew->follow(plan);
    return {};
  }
  Outcome outcome = SweepRun(request, plan, environment).run();
  if (crew != nullptr) crew->dismiss();
  return outcome;
}

std::string dry_run(const SweepRequest& request, const SweepPlan& plan) {
  const SweepChunks chunks = chunks_of(plan, request.shard);
  const std::uint64_t points = chunks.end - chunks.first;
  SweepWorker worker(plan);
  worker.work(chunks.first, chunks.first + 1);
  std::uint64_t tried = 0, rows = 0;
  const auto begin = Clock::now();
  for (std::uint64_t i = 0; i < kSamples && seconds_since(begin) < kSampleTime; ++i) {
    const SweepCounts counts = worker.work(chunks.first + i * points / kSamples, sample_end(chunks, i)).counts;
    tried += counts.points;
    rows += counts.rows;
  }
  const double all = static_cast<double>(points), share = all / static_cast<double>(std::max<std::uint64_t>(1, tried));
  const double seconds = seconds_since(begin) * share / request.threads;
  std::string text;
  for (const SweepAxis& axis : plan.inputs.axes)
    text += wrap(fmt::format("{}: {} value{}, {} to {}", axis.name, axis.words.size(),
                             axis.words.size() == 1 ? "" : "s", axis.words.front(), axis.words.back()),
                 80);
  return text + fmt::format("{} points, {} rows to work out, about {} on {} thread{}\n",
                            grouped(static_cast<std::int64_t>(points)),
                            grouped(std::llround(static_cast<double>(rows) * share)), duration_words(seconds),
                            request.threads, request.threads == 1 ? "" : "s");
}

}  // namespace ithaca
