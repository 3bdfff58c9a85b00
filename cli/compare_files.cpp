#include "cli/compare_files.hpp"

#include <algorithm>

#include "cli/change_writers.hpp"
#include "cli/compare_flags.hpp"
#include "cli/flag_reader.hpp"
#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kOfFiles[] = {"--json", "-o", "--color"};

void check(const Arguments& arguments, Diagnostics& problems) {
  if (arguments.words.size() != 2)
    problems.push_back(mistake(arguments.words.front(), "one word, where two files are compared",
                               "write a flag before it, or: ithaca compare A.json B.json"));
  for (const Flag& flag : kCompareFlags) {
    const bool known = std::find(std::begin(kOfFiles), std::end(kOfFiles), flag.name) != std::end(kOfFiles);
    if (!known && arguments.has(flag.name))
      problems.push_back(
          mistake(std::string(flag.name), "means nothing to two saved answers", "leave out the flag or the files"));
  }
}

Result<PageFacts, Diagnostics> read_answer(const std::string& path) {
  const auto text = read_text(path);
  return text ? read_page_facts(text->file, text->text) : Result<PageFacts, Diagnostics>(text.error());
}

}  // namespace

Outcome compare_files(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  check(arguments, problems);
  FlagReader flags(arguments, problems);
  const ColorWhen color = flags.color();
  if (!problems.empty()) return misuse(problems);
  const auto before = read_answer(arguments.words[0]), after = read_answer(arguments.words[1]);
  for (const auto* side : {&before, &after}) {
    if (!*side) problems.insert(problems.end(), side->error().begin(), side->error().end());
  }
  if (problems.empty() && before->phase.empty() != after->phase.empty())
    problems.push_back(mistake(arguments.words[before->phase.empty() ? 1 : 0],
                               "answers inference (--phase), the other file a training step",
                               "compare two answers of one kind"));
  if (!problems.empty()) return misuse(problems);
  const ChangeReport report = changes({arguments.words[0], &*before}, {arguments.words[1], &*after});
  Outcome outcome;
  outcome.file = flags.text("-o");
  const Environment target = outcome.file.empty() || outcome.file == "-" ? environment : Environment{};
  outcome.result =
      arguments.has("--json") ? write_json(report) : write_table(report, {target.columns, use_color(color, target)});
  return outcome;
}

}  // namespace ithaca
