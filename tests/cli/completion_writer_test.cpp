// What the Tab key offers, and the manual page: both hold every command and flag, and what they hold is right.

#include "cli/completion_writer.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/value_names.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;
using Words = std::vector<std::string>;

std::string script(const std::string& shell) {
  const Outcome outcome = run({"completion", shell}, Environment{});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  return outcome.result;
}

struct Spoken {
  int status = -1;
  std::string text;
};
/// What a program prints, errors too, when it is given the text as a file.
Spoken feed(const std::string& program, const std::string& text) {
  const std::string path = test::temporary_file("fed", text);
  Spoken spoken;
  std::FILE* pipe = popen(("LC_ALL=C.UTF-8 " + program + " " + path + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) spoken.text.append(buffer, n);
  spoken.status = pclose(pipe);
  std::remove(path.c_str());
  return spoken;
}

bool installed(const std::string& program) { return feed("command -v " + program + " ;:", "").text.size() > 1; }

/// A command line up to the cursor, and what the shell offers for its last word: some of it, or all, or nothing.
struct Typed {
  const char* line;
  Words offered;
  bool all = true;
};
const Typed kTyped[] = {
    {"comp", {"compare", "completion"}},
    {"", {"simulate", "help"}, false},
    {"--ver", {"--version"}},
    {"simulate s", {"step"}},
    {"completion ", {"bash", "zsh", "fish"}, false},
    {"compare --mod", {"--model"}},
    {"simulate step --strategy u", {"ulysses", "usp"}},
    {"compare --model llama3-7", {"llama3-70b"}},
    {"compare --strategies ulysses,meg", {"ulysses,megatron_sp"}},
    {"compare --framework d", {"deepspeed"}},
    {"compare --dtype fp", {"fp16", "fp32", "fp8"}},
    {"compare --seq ", {}},
    {"simulate step --steps ", {}},
    {"simulate collective --steps --bar", {"--barrier"}},
    {"simulate collective all_r", {"all_reduce"}},
};

/// Holds what a shell offered, a line a case with a tab between words, against the table.
void expect_offers(const std::string& text) {
  std::istringstream lines(text);
  for (const Typed& typed : kTyped) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line)) << typed.line << "\n" << text;
    std::istringstream in(line);
    std::set<std::string> offered;
    for (std::string word; in >> word;) offered.insert(word);
    for (const std::string& word : typed.offered) EXPECT_TRUE(offered.count(word)) << typed.line << ": " << line;
    if (typed.all) {
      EXPECT_EQ(offered.size(), typed.offered.size()) << typed.line << ": " << line;
    }
  }
}

TEST(Completion, WorksInBash) {
  std::string probe = script("bash");
  for (const Typed& typed : kTyped) {
    // Readline's own words: an empty last one where the line ends in a space.
    const std::string line = std::string("ithaca ") + typed.line;
    probe += "COMP_WORDS=(" + line + (line.back() == ' ' ? "''" : "") + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n" +
             "COMPREPLY=(); _ithaca; (IFS=$'\\t'; echo \"${COMPREPLY[*]}\")\n";
  }
  probe += "COMP_WORDS=(ithaca compare --cluster = dgx-h2); COMP_CWORD=4; _ithaca; echo \"${COMPREPLY[*]}\"\n";
  const Spoken spoken = feed("bash --norc", probe);
  EXPECT_EQ(spoken.status, 0);
  expect_offers(spoken.text);
  EXPECT_TRUE(contains(spoken.text, "\ndgx-h200\n")) << spoken.text;
}

// zsh's own functions need a terminal: these stand in for them and print what they are given, as far as it fits.
constexpr std::string_view kZshStandIns = R"(
compdef() { : }
compset() { [[ $1 == -P ]] && words[CURRENT]=${words[CURRENT]##${~2}} }
offer() { for w in "$@"; do [[ $w == ${words[CURRENT]}* ]] && print -n -- "$before$w\t"; done; : }
_describe() { local -a all=("${(P@)2}"); offer "${(@)all%%:*}" }
compadd() { shift; offer "$@" }
_files() { : }
)";

TEST(Completion, WorksInZsh) {
  if (!installed("zsh")) GTEST_SKIP() << "zsh is not installed";
  std::string probe = std::string(kZshStandIns) + script("zsh");
  for (const Typed& typed : kTyped) {
    const std::string line = std::string("ithaca ") + typed.line;
    const std::size_t comma = line.rfind(',');
    const std::string before =
        comma == std::string::npos ? "" : line.substr(line.rfind(' ') + 1, comma - line.rfind(' '));
    probe += "words=(" + line + (line.back() == ' ' ? "''" : "") + "); CURRENT=${#words}; before='" + before +
             "'; _ithaca; echo\n";
  }
  const Spoken spoken = feed("zsh -f", probe);
  EXPECT_EQ(spoken.status, 0);
  expect_offers(spoken.text);
}

TEST(Completion, WorksInFish) {
  if (!installed("fish")) GTEST_SKIP() << "fish is not installed";
  std::string probe = script("fish");
  for (const Typed& typed : kTyped)
    probe += "echo (complete -C 'ithaca " + std::string(typed.line) + "' | string replace -r '\\t.*' '')\n";
  const Spoken spoken = feed("fish --no-config", probe);
  EXPECT_EQ(spoken.status, 0);
  expect_offers(spoken.text);
}

TEST(Completion, KnowsEveryCommandAndFlag) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string text = script(shell);
    for (const Command& command : all_commands()) {
      std::istringstream words{std::string(command.name)};
      for (std::string word; words >> word;) EXPECT_TRUE(contains(text, word)) << shell << ": " << word;
      for (const Flag& flag : command.flags) {
        const std::string name = std::string(flag.name);
        const std::string spelt = shell != "fish" ? name : name == "-o" ? "-s o" : "-l " + name.substr(2);
        EXPECT_TRUE(contains(text, spelt)) << shell << ": " << command.name << " " << name;
      }
    }
  }
}

TEST(Completion, NamesTheShellsItHas) {
  const Outcome unknown = run({"completion", "bsh"}, Environment{});
  EXPECT_EQ(unknown.exit, ExitCode::usage);
  EXPECT_TRUE(contains(unknown.talk, "error: bsh: there is no completion for it\n  did you mean 'bash'?"))
      << unknown.talk;
  EXPECT_TRUE(contains(run({"completion"}, Environment{}).talk, "error: completion: the shell is missing"));
}

bool is_of_compare(const Flag& flag) {
  const auto same = [&](const Flag& other) { return other.name == flag.name && flag.name != "--color"; };
  return std::any_of(kCompare.flags.begin(), kCompare.flags.end(), same);
}

// The parser itself lists the names of a flag when it is given a wrong one, if there are eight at most.
TEST(Completion, OffersTheNamesThatTheFlagsTake) {
  std::map<std::string, int> checked;
  for (const Command& command : all_commands()) {
    for (const Flag& flag : command.flags) {
      const ValueNames value = value_names(flag);
      if (value.names.empty() || value.names.size() > 8 || value.files) continue;
      if (command.name == "sweep" && is_of_compare(flag)) continue;   // it lets each point say what is wrong
      if (flag.name == "--ops" || flag.name == "--family") continue;  // read by ithaca_probe
      std::istringstream name{std::string(command.name)};
      Words words;
      for (std::string word; name >> word;) words.push_back(word);
      if (command.name == "measure" && flag.name != "--backend") words.insert(words.end(), {"--backend", "tcp"});
      if (command.name == "sweep")
        words.insert(words.end(), {"--model", "llama-7b", "--cluster", "dgx-h100", "--gpus", "8", "--seq", "64Ki"});
      if (flag.name == "--kv-dtype") words.insert(words.end(), {"--phase", "decode"});
      words.insert(words.end(), {std::string(flag.name), "qqqqqqqqqq"});
      std::string listed;
      for (const std::string& one : value.names) listed += (listed.empty() ? "one of " : ", ") + one;
      const std::string talk = run(words, Environment{}).talk;
      EXPECT_TRUE(contains(talk, listed + "\n")) << command.name << " " << flag.name << "\n" << talk;
      ++checked[std::string(flag.name)];
    }
  }
  EXPECT_GE(checked.size(), 20u);
}

// Names stand behind a flag's name: no command may have a switch of that name.
TEST(Completion, AFlagWithNamesHasAValueEverywhere) {
  for (const Command& command : all_commands()) {
    for (const Flag& flag : command.flags) {
      if (value_names(flag).names.empty()) continue;
      EXPECT_FALSE(flag.value.empty()) << command.name << " " << flag.name;
    }
  }
}

TEST(Completion, TheManualPageHasEveryCommandAndFlag) {
  const Outcome page = run({"man"}, Environment{});
  EXPECT_EQ(page.exit, ExitCode::done) << page.talk;
  if (!installed("groff")) GTEST_SKIP() << "groff is not installed";
  const Spoken checked = feed("groff -man -ww -z -Tascii", page.result);
  EXPECT_EQ(checked.status, 0);
  EXPECT_EQ(checked.text, "");  // no warning
  const std::string text = test::unwrapped(feed("groff -man -Tascii -P-cbou -rLL=300n", page.result).text);
  EXPECT_TRUE(contains(text, "NAME ithaca - how to split a long sequence over GPUs"));
  for (const Command& command : all_commands()) {
    const std::size_t begin = text.find("ithaca " + std::string(command.name) + " " + std::string(command.summary));
    ASSERT_NE(begin, std::string::npos) << command.name;
    const std::string section = text.substr(begin, text.find("Examples:", begin) - begin);
    for (const Flag& flag : command.flags) {
      const std::string entry = std::string(flag.name) + (flag.value.empty() ? "" : " " + std::string(flag.value));
      EXPECT_TRUE(contains(section, " " + entry + " ")) << command.name << " " << entry;
    }
  }
}

}  // namespace
}  // namespace ithaca
