#include "cli/man_writer.hpp"

#include <fmt/format.h>

#include "cli/help.hpp"
#include "cli/version.hpp"

namespace ithaca {
namespace {

std::string_view escape(char c) {
  switch (c) {
    case '\\': return "\\(rs";
    case '-': return "\\-";
    case '\'': return "\\(aq";
    case '`': return "\\(ga";
    case '^': return "\\(ha";
    case '~': return "\\(ti";
    default: return {};
  }
}

/// One line of input; a point at its beginning is no request.
std::string plain(std::string_view text) {
  std::string line = text.substr(0, 1) == "." ? "\\&" : "";
  for (const char c : text) {
    const std::string_view escaped = escape(c);
    line += escaped.empty() ? std::string_view(&c, 1) : escaped;
  }
  return line;
}

/// The argument of a macro.
std::string argument(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : plain(text)) quoted += c == '"' ? std::string("\\(dq") : std::string(1, c);
  return quoted + "\"";
}

/// Empty lines separate paragraphs.
std::string paragraphs(std::string_view text) {
  constexpr std::string_view kGap = "\n\n";
  const std::size_t gap = text.find(kGap);
  const std::string first = ".PP\n" + plain(text.substr(0, gap)) + "\n";
  return gap == std::string_view::npos ? first : first + paragraphs(text.substr(gap + kGap.size()));
}

std::string flag_entry(const Flag& flag) {
  const std::string value = flag.value.empty() ? "" : " \\fI" + plain(flag.value) + "\\fR";
  return fmt::format(".TP\n\\fB{}\\fR{}\n{}{}\n", plain(flag.name), value, plain(flag.help),
                     flag.required ? " (required)" : "");
}

std::string examples(const Command& command) {
  std::string text = ".PP\nExamples:\n.PP\n.nf\n.RS\n";
  for (const std::string_view example : command.examples) text += plain(example) + "\n";
  return text + ".RE\n.fi\n";
}

std::string command_section(const Command& command) {
  std::string text =
      fmt::format(".SS {}\n{}.\n", argument(fmt::format("ithaca {}", command.name)), plain(command.summary));
  text += fmt::format(".PP\n\\fBithaca {}\\fR {}\n", plain(command.name), plain(command.usage));
  text += paragraphs(command.about);
  for (const Flag& flag : command.flags) text += flag_entry(flag);
  return text + examples(command);
}

std::string exit_status() {
  std::string text = ".SH EXIT STATUS\n";
  for (const ExitMeaning& exit : kExitMeanings)
    text += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(exit.code), plain(exit.words));
  return text;
}

}  // namespace

std::string manual_page(std::span<const Command> commands) {
  std::string text =
      fmt::format(".TH ITHACA 1 \"\" {} \"User Commands\"\n", argument(fmt::format("ithaca {}", version())));
  text += ".nh\n.ad l\n";
  text += fmt::format(".SH NAME\nithaca \\- {}\n", plain(kPurpose));
  text += ".SH SYNOPSIS\n.B ithaca\n\\fICOMMAND\\fR [flags]\n";
  text += ".SH DESCRIPTION\n" + plain(kConventions) + "\n";
  for (const Flag& flag : kCommonFlags) text += flag_entry(flag);
  text += ".SH COMMANDS\n";
  for (const Command& command : commands) text += command_section(command);
  return text + exit_status();
}

}  // namespace ithaca
