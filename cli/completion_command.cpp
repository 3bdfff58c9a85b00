#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/completion_writer.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

constexpr Flag kCompletionFlags[] = {{"-o", "FILE", "write there instead of stdout"}};

struct Shell {
  std::string_view name;
  std::string (*script)(std::span<const Command>);
};
constexpr Shell kShells[] = {{"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}};

Outcome run_completion(const Arguments& arguments, Diagnostics problems, const Environment&) {
  const std::string word = arguments.words.empty() ? "" : arguments.words.front();
  const auto* const shell =
      std::find_if(std::begin(kShells), std::end(kShells), [&](const Shell& s) { return s.name == word; });
  if (shell == std::end(kShells)) {
    problems.push_back(mistake(
        word.empty() ? "completion" : word, word.empty() ? "the shell is missing" : "there is no completion for it",
        "write ithaca completion bash, zsh or fish", word.empty() ? "" : suggestion(word, {"bash", "zsh", "fish"})));
  }
  if (!problems.empty()) return misuse(problems);
  return {ExitCode::done, shell->script(all_commands()), "", arguments.find("-o").value_or("")};
}

constexpr std::string_view kCompletionExamples[] = {
    "source <(ithaca completion bash)",
    "ithaca completion bash -o ~/.local/share/bash-completion/completions/ithaca",
    "ithaca completion zsh -o ~/.zfunc/_ithaca",
    "ithaca completion fish -o ~/.config/fish/completions/ithaca.fish",
};

}  // namespace

const Command kCompletion{
    "completion",
    "what the Tab key offers in bash, zsh or fish",
    "bash|zsh|fish [-o FILE]",
    "A script that completes commands, flags, and the names behind them: models, clusters, GPUs, strategies, "
    "frameworks, number formats. Load it where the shell starts, or keep it where the shell looks: zsh wants a folder "
    "of $fpath. It is made from the flags that this version has; make it anew after an update.",
    kCompletionExamples,
    kCompletionFlags,
    run_completion,
    1,
};

}  // namespace ithaca
