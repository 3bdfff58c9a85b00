#include "cli/framework_flag.hpp"

#include <fmt/format.h>

#include <charconv>

namespace ithaca {
namespace {

constexpr std::string_view kFlag = "--framework";

std::vector<std::string> framework_names() {
  std::vector<std::string> names;
  for (int i = 1; i < kFrameworks; ++i) names.emplace_back(name(static_cast<Framework>(i)));
  return names;
}

/// Two or three numbers with points between them.
std::optional<int> parse_release(std::string_view text) {
  int parts[3] = {0, 0, 0}, count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < 3) {
    const auto [next, error] = std::from_chars(at, end, parts[count]);
    if (error != std::errc{} || parts[count] < 0 || parts[count] > 999) return std::nullopt;
    ++count;
    if (next == end) break;
    if (*next != '.' || count == 3) return std::nullopt;
    at = next + 1;
  }
  return count >= 2 ? std::optional<int>(release(parts[0], parts[1], parts[2])) : std::nullopt;
}

std::vector<std::string> minor_releases(const KnownReleases& known) {
  std::vector<std::string> all;
  for (int v = known.first; v <= known.last; v += release(0, 1)) all.push_back(version_text(v));
  return all;
}

/// A patch of the last minor release is known too.
bool is_known(const KnownReleases& known, int version) {
  return version >= known.first && version < known.last + release(0, 1);
}

}  // namespace

FrameworkRelease read_framework(FlagReader& flags) {
  if (!flags.has(kFlag)) return {};
  const std::string text = flags.text(kFlag);
  const std::size_t at = text.find('@');
  const std::string given = text.substr(0, at);
  for (int i = 1; i < kFrameworks; ++i) {
    const auto framework = static_cast<Framework>(i);
    if (name(framework) != given) continue;
    if (at == std::string::npos) return {framework, kNewest};
    const std::string wanted = text.substr(at + 1);
    const KnownReleases known = known_releases(framework);
    const auto version = parse_release(wanted);
    if (version && is_known(known, *version)) return {framework, *version};
    flags.complain(kFlag, fmt::format("'{}' is no release of {} that is known here", wanted, display_name(framework)),
                   fmt::format("write one from {} to {}, or {} alone for the newest", version_text(known.first),
                               version_text(known.last), given),
                   suggestion(wanted, minor_releases(known)));
    return {};
  }
  flags.complain(kFlag, "'" + given + "' is no framework that is known here",
                 "write deepspeed, megatron, accelerate or verl, with @RELEASE where it matters",
                 suggestion(given, framework_names()));
  return {};
}

std::string words(const FrameworkRelease& f) {
  const std::string version = version_text(f.version);
  return std::string(display_name(f.framework)) + (version.empty() ? "" : " " + version);
}

std::string flag_value(const FrameworkRelease& f) {
  const std::string version = version_text(f.version);
  return std::string(name(f.framework)) + (version.empty() ? "" : "@" + version);
}

}  // namespace ithaca
