#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/man_writer.hpp"

namespace ithaca {
namespace {

constexpr Flag kManFlags[] = {{"-o", "FILE", "write there instead of stdout"}};

// NOLINTNEXTLINE(performance-unnecessary-value-param): as all commands are called
Outcome run_man(const Arguments& arguments, Diagnostics problems, const Environment&) {
  if (!problems.empty()) return misuse(problems);
  return {ExitCode::done, manual_page(all_commands()), "", arguments.find("-o").value_or("")};
}

constexpr std::string_view kManExamples[] = {
    "ithaca man | man -l -",
    "ithaca man -o ~/.local/share/man/man1/ithaca.1",
};

}  // namespace

const Command kMan{
    "man",        "the manual page: every command and flag, for man -l",
    "[-o FILE]",  "Writes ithaca(1) as troff, from the same definitions as --help.",
    kManExamples, kManFlags,
    run_man,
};

}  // namespace ithaca
