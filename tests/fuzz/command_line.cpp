// Command lines, one word a line, without those that name files, take processes or compute for long: of these commands
// the flags alone are read.

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/collective_flags.hpp"
#include "cli/commands.hpp"
#include "cli/plan_flags.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace ithaca::fuzz {
namespace {

using Words = std::vector<std::string>;

Words words_of(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool names_file(const Words& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "-" || word == "-o" || word == "--engine" || word.find_first_of("/\\") != word.npos;
  });
}

/// Runs in milliseconds whatever its flags say.
bool is_quick(const Words& words) {
  constexpr std::string_view kQuick[] = {"compare", "inspect", "completion", "man", "help"};
  const bool known =
      std::any_of(std::begin(kQuick), std::end(kQuick), [&](std::string_view name) { return words[0] == name; });
  const bool help = std::find(words.begin(), words.end(), "--help") != words.end();
  const bool fabric = std::find(words.begin(), words.end(), "--fabric") != words.end();
  return help || (known && !fabric) || words[0].starts_with('-');
}

void expect_answer(const Outcome& outcome) {
  const bool silent = outcome.result.empty() && outcome.talk.empty();
  const bool internal = outcome.exit == ExitCode::internal;
  bool good = !silent && !internal;
  for (const std::string* text : {&outcome.result, &outcome.talk}) {
    for (const char c : *text) good = good && (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
  }
  if (good) return;
  std::fprintf(stderr, "exit %d, '%s', '%s'\n", static_cast<int>(outcome.exit), outcome.result.c_str(),
               outcome.talk.c_str());
  std::abort();
}

template <class Read>
void read_flags(const Command& command, Words words, Read read) {
  words.erase(words.begin());
  ParsedArguments parsed = parse_arguments(command, words);
  read(parsed.arguments, parsed.problems);
  if (!parsed.problems.empty()) expect_printable(parsed.problems);
}

}  // namespace
}  // namespace ithaca::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const fuzz::Words words = fuzz::words_of(fuzz::text_of(data, size));
  if (words.empty() || fuzz::names_file(words)) return 0;
  if (fuzz::is_quick(words)) fuzz::expect_answer(run(words, Environment{}));
  for (const Command& command : all_commands()) {
    if (command.name == words[0]) fuzz::read_flags(command, words, [](auto&, auto&) {});
  }
  if (words[0] == "plan") fuzz::read_flags(kPlan, words, read_plan_flags);
  return 0;
}
