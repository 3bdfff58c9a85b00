#include "cli/machine_flags.hpp"

#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t kMostSeeds = 10'000;
constexpr std::int64_t kLargestSeed = 1'000'000'000'000;

constexpr Choice<Routing> kRoutings[] = {{"deterministic", Routing::deterministic},
                                         {"ecmp", Routing::ecmp},
                                         {"polarised", Routing::polarised},
                                         {"spray", Routing::spray},
                                         {"pxn", Routing::pxn}};

/// "nic3=50%" cut at its last '='.
struct Setting {
  std::string flag;  ///< as typed, for messages
  std::string part, value;
};

std::vector<Setting> read_settings(const Arguments& arguments, std::string_view flag, const char* example,
                                   Diagnostics& problems) {
  std::vector<Setting> settings;
  for (const std::string& text : arguments.all(flag)) {
    const std::size_t equals = text.rfind('=');
    const std::string typed = std::string(flag) + " " + text;
    if (equals == std::string::npos || equals == 0) {
      problems.push_back(mistake(typed, "does not say what and how much", "write " + std::string(example)));
    } else {
      settings.push_back({typed, text.substr(0, equals), text.substr(equals + 1)});
    }
  }
  return settings;
}

bool is_rate(const std::string& text) { return text.size() > 3 && text.substr(text.size() - 2) == "ps"; }

void read_degraded(const Setting& setting, MachineRequest& request, Diagnostics& problems) {
  Fault fault{setting.part, 1, {}};
  if (is_rate(setting.value)) {
    const auto rate = parse_rate(setting.value);
    if (!rate) return problems.push_back(mistake(setting.flag, rate.error().what, rate.error().next));
    fault.rate = *rate;
  } else {
    const auto share = parse_percent(setting.value);
    if (!share) return problems.push_back(mistake(setting.flag, share.error().what, "write 50% or 200Gbps"));
    fault.share = *share;
  }
  if (fault.share == 0) {
    problems.push_back(mistake(setting.flag, "0% is a failure", "write --fail " + setting.part));
  } else if (fault.share > 1) {
    problems.push_back(mistake(setting.flag, "is more than there is", "give the share that is left, at most 100%"));
  } else {
    request.faults.push_back(std::move(fault));
    request.fault_flags.push_back(setting.flag);
  }
}

void read_faults(const Arguments& arguments, MachineRequest& request, Diagnostics& problems) {
  for (const std::string& part : arguments.all("--fail")) {
    request.faults.push_back({part, 0, {}});
    request.fault_flags.push_back("--fail " + part);
  }
  for (const Setting& setting : read_settings(arguments, "--degrade", "--degrade leaf0-spine0=50%", problems)) {
    read_degraded(setting, request, problems);
  }
}

void read_stragglers(const Arguments& arguments, MachineRequest& request, Diagnostics& problems) {
  for (const Setting& setting : read_settings(arguments, "--straggler", "--straggler gpu5=1.2x", problems)) {
    const auto times = parse_times(setting.value);
    if (!times) {
      problems.push_back(mistake(setting.flag, times.error().what, times.error().next));
    } else if (*times < 1 || *times > 1e6) {
      problems.push_back(mistake(setting.flag, "outside 1x to 1000000x", "give how much longer it takes: 1.2x"));
    } else {
      request.stragglers.push_back({setting.part, *times});
      request.straggler_flags.push_back(setting.flag);
    }
  }
}

double read_jitter(const Arguments& arguments, Diagnostics& problems) {
  const auto text = arguments.find("--jitter");
  if (!text) return 0;
  const auto share = parse_percent(*text);
  if (!share) {
    problems.push_back(mistake("--jitter " + *text, share.error().what, share.error().next));
  } else if (*share > 1) {
    problems.push_back(mistake("--jitter " + *text, "outside 0% to 100%", "give at most 100%"));
  }
  return share && *share <= 1 ? *share : 0;
}

}  // namespace

MachineRequest read_machine_flags(const Arguments& arguments, Diagnostics& problems) {
  FlagReader flags(arguments, problems);
  MachineRequest request;
  request.fabric = flags.text("--fabric");
  request.routing = flags.choice<Routing>("--routing", kRoutings);
  read_faults(arguments, request, problems);
  read_stragglers(arguments, request, problems);
  request.jitter = read_jitter(arguments, problems);
  request.seeds = static_cast<int>(flags.count("--seeds", 1, kMostSeeds).value_or(1));
  request.seed = static_cast<std::uint64_t>(flags.count("--seed", 0, kLargestSeed).value_or(1));
  request.trace = flags.text("--trace");
  if (request.trace == "-") flags.complain("--trace", "stdout is for the result", "name a file: --trace trace.json");
  if (!request.trace.empty() && request.trace == flags.text("-o"))
    flags.complain("--trace", "-o names the same file", "name two files");
  return request;
}

}  // namespace ithaca
