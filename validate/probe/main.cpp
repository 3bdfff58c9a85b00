// Times kernels on this machine's GPU: `ithaca_probe --help`.

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "model/units.hpp"
#include "validate/probe/collectives_run.hpp"
#include "validate/probe/event_stopwatch.hpp"
#include "validate/probe/overlap.hpp"
#include "validate/probe/probe_options.hpp"
#include "validate/probe/sample_yaml.hpp"

namespace ithaca {
namespace {

constexpr int kDone = 0, kCannotWrite = 1, kUsage = 2, kNoDevice = 5;  // as cli/exit_code.hpp

#ifdef ITHACA_PROBE_GEMM
constexpr bool kHasGemm = true;
#else
constexpr bool kHasGemm = false;
#endif
#ifdef ITHACA_PROBE_ATTENTION
constexpr bool kHasAttention = true;
#else
constexpr bool kHasAttention = false;
#endif

Result<Job, std::string> make_job(Device& device, Family family, const KernelSample& sample) {
  switch (family) {
    case Family::gemm:
    case Family::overlap:
      if constexpr (kHasGemm) return gemm_job(device, sample);
      break;
    case Family::attention:
      if constexpr (kHasAttention) return attention_job(device, sample);
      break;
    case Family::streaming:
    case Family::permute: return memory_job(device, sample);
    case Family::copy: return copy_job(device, sample);
  }
  return std::string("this probe was built without the library for it");
}

/// Wrong results are not worth timing.
Trouble check(Device& device, Family family) {
  if (family == Family::streaming || family == Family::permute) return check_memory(device);
  if (family == Family::copy) return std::nullopt;
  if (family == Family::attention) {
    if constexpr (kHasAttention) return check_attention(device);
    return "this probe was built without cuDNN";
  }
  if constexpr (kHasGemm) return check_gemm(device);
  return "this probe was built without cuBLASLt";
}

KernelSample with(KernelSample sample, const Measurement& m) {
  sample.time = m.median;
  sample.spread = KernelSample::Spread{m.p10, m.p90, m.timings, m.marked, m.error, m.clock_mhz};
  sample.doubt = m.doubt;
  return sample;
}

struct Probe {
  Device& device;
  const ClockMeter* meter;
  const StoppingRule& rule;
  std::uint64_t throttle = 0;

  Result<KernelSample, std::string> time(Family family, const KernelSample& sample) {
    if (family == Family::overlap) return time_overlap(sample);
    auto job = make_job(device, family, sample);
    if (!job) return job.error();
    auto stopwatch = EventStopwatch::make(device, meter, *job);
    if (!stopwatch) return stopwatch.error();
    const auto measured = measure(**stopwatch, rule);
    if (!measured) return measured.error();
    throttle |= measured->throttle;
    KernelSample result = with(sample, *measured);
    if (!(*stopwatch)->uses_graph()) return result;
    const auto launched = (*stopwatch)->time_launched();
    if (!launched) return launched.error();
    result.launched = *launched;
    return result;
  }

  Result<KernelSample, std::string> time_overlap(const KernelSample& sample) {
    if constexpr (kHasGemm) {
      const auto overlap = measure_overlap(device, meter, sample, rule);
      if (!overlap) return overlap.error();
      throttle |= overlap->alone.throttle | overlap->beside.throttle;
      KernelSample result = with(sample, overlap->beside);
      result.alone = overlap->alone.median;
      if (result.doubt.empty() && !overlap->alone.doubt.empty()) result.doubt = "alone: " + overlap->alone.doubt;
      return result;
    }
    return std::string("this probe was built without cuBLASLt");
  }
};

void add_provenance(KernelSamples& table, const Probe& probe) {
  table.provenance = {{"device", probe.device.name()}, {"cuda", probe.device.cuda()}, {"date", utc_now()}};
  if (probe.meter == nullptr) {
    table.provenance.emplace_back("clocks", "not read: no NVML");
    return;
  }
  const ClockMeter::Reading reading = probe.meter->read();
  table.provenance.emplace_back("driver", probe.meter->driver());
  table.provenance.emplace_back("clocks", std::to_string(reading.sm_mhz) + " MHz, memory " +
                                              std::to_string(reading.memory_mhz) + " MHz, at the end");
  table.provenance.emplace_back("power", std::to_string(static_cast<int>(reading.power_watts)) + " W, at the end");
  table.provenance.emplace_back("throttling", throttle_words(probe.throttle));
}

std::string describe(const KernelSample& s) {
  std::string text(name(s.op));
  if (s.op == KernelSample::Op::gemm || s.op == KernelSample::Op::gemm_beside)
    text += " " + std::to_string(s.gemm.m) + " x " + std::to_string(s.gemm.n) + " x " + std::to_string(s.gemm.k);
  if (is_attention(s.op))
    text += " of " + std::to_string(s.attention.queries) + " tokens, " + std::to_string(s.attention.heads) + " heads" +
            (s.attention.causal ? ", causal" : "");
  if (s.rows > 0) text += " " + std::to_string(s.rows) + " x " + std::to_string(s.columns);
  if (s.op == KernelSample::Op::copy) text += " " + std::string(name(s.path)) + " " + print(s.moved);
  return text;
}

KernelSamples run_family(Probe& probe, const ProbeOptions& options, Family family) {
  KernelSamples table;
  table.source = "ithaca_probe kernels, " + std::string(name(family));
  table.gpu = options.gpu.empty() ? catalogue_gpu(probe.device.name()) : options.gpu;
  probe.throttle = 0;
  const Trouble wrong = check(probe.device, family);
  if (wrong) table.left_out.push_back(*wrong);
  for (const KernelSample& sample : wrong ? std::vector<KernelSample>{} : cases(family, options.request)) {
    std::fprintf(stderr, "%s\n", describe(sample).c_str());
    const auto timed = probe.time(family, sample);
    if (timed)
      table.samples.push_back(*timed);
    else
      table.left_out.push_back(describe(sample) + ": " + timed.error());
  }
  add_provenance(table, probe);
  return table;
}

bool write(const ProbeOptions& options, Family family, const std::string& text, bool is_first) {
  if (options.file.empty() || options.file == "-") {
    std::printf("%s%s", is_first ? "" : "---\n", text.c_str());
    return std::fflush(stdout) == 0;
  }
  const std::string path = options.families.size() == 1 ? options.file : with_family(options.file, name(family));
  std::ofstream file(path);
  file << text;
  file.close();
  if (file) return true;
  std::fprintf(stderr, "error: %s cannot be written\n", path.c_str());
  return false;
}

int list_cases(const ProbeOptions& options) {
  for (const Family family : options.families)
    for (const KernelSample& sample : cases(family, options.request))
      std::printf("%s: %s%s%s\n", std::string(name(family)).c_str(), describe(sample).c_str(),
                  sample.use.empty() ? "" : ", ", sample.use.c_str());
  return kDone;
}

int run_kernels(const ProbeOptions& options) {
  if (options.list) return list_cases(options);
  auto device = Device::open(options.device);
  if (!device) {
    std::fprintf(stderr, "error: %s\n", device.error().c_str());
    return kNoDevice;
  }
  std::optional<ClockMeter> meter;
  if (const auto nvml = open_nvml()) {
    const auto opened = ClockMeter::open(*nvml, (*device)->pci_bus_id());
    if (opened)
      meter = *opened;
    else
      std::fprintf(stderr, "notice: clocks are not read: %s\n", opened.error().c_str());
  } else {
    std::fprintf(stderr, "notice: clocks are not read: %s\n", nvml.error().c_str());
  }
  Probe probe{**device, meter ? &*meter : nullptr, options.rule};
  bool is_first = true;
  for (const Family family : options.families) {
    if (!write(options, family, sample_yaml(run_family(probe, options, family)), is_first)) return kCannotWrite;
    is_first = false;
  }
  return kDone;
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int say_usage(const std::string& problems) {
  std::fprintf(stderr, "%s", problems.c_str());
  return kUsage;
}

int say_help(const char* text) {
  std::printf("%s", text);
  return kDone;
}

int run(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && (arguments[0] == "collectives" || arguments[0] == "layers")) {
    const auto options = parse_collective_options(arguments, variable);
    if (!options) return say_usage(options.error());
    if (options->command == CollectiveOptions::Command::help) return say_help(kCollectivesHelp);
    return run_collectives(*options);
  }
  const auto options = parse_probe_options(arguments);
  if (!options) return say_usage(options.error());
  return options->command == ProbeOptions::Command::help ? say_help(kProbeHelp) : run_kernels(*options);
}

}  // namespace
}  // namespace ithaca

int main(int argc, char** argv) { return ithaca::run({argv + 1, argv + argc}); }
