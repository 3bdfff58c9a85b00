#include "configs/reader/load_documents.hpp"

#include "configs/reader/catalogue.hpp"
#include "configs/reader/excerpt.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kMostDocuments = 10'000'000;
constexpr std::size_t kMostDoubts = 50;  // making a place takes a walk through the text

constexpr bool is_gap(char c) { return c == ',' || c == ' ' || c == '\t' || c == '\r'; }

/// Appends the documents of one word: a length, or a length and how many.
std::optional<UnitError> add_word(std::string_view word, std::vector<std::int64_t>& lengths) {
  const std::size_t star = word.find('*');
  const auto length = parse_tokens(word.substr(0, star));
  if (!length) return length.error();
  std::size_t copies = 1;
  if (star != word.npos) {
    const auto count = parse_count(word.substr(star + 1));
    if (!count) return count.error();
    if (*count < 1) return UnitError{"'" + std::string(word) + "' is no document", "write how many: 4Ki*8"};
    copies = static_cast<std::size_t>(*count);
  }
  if (copies > kMostDocuments - lengths.size())
    return UnitError{"more than 10,000,000 documents", "give a sample: it is begun again until all sequences are full"};
  lengths.insert(lengths.end(), copies, length->count);
  return std::nullopt;
}

/// Calls add(word, column) for each word of a line.
template <class Add>
void each_word(std::string_view line, const Add& add) {
  line = line.substr(0, line.find('#'));
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = at;
    while (end < line.size() && !is_gap(line[end])) ++end;
    if (end > at) add(line.substr(at, end - at), static_cast<int>(at) + 1);
    at = end + 1;
  }
}

}  // namespace

Result<std::vector<std::int64_t>, Diagnostics> load_documents(const std::string& flag, const std::string& given) {
  const bool list = !given.empty() && given[0] >= '0' && given[0] <= '9';
  const std::string words_given = flag + " " + given;
  TextFile file{flag, given};
  Diagnostics problems;
  if (!list) {
    auto read = read_text(given);
    if (!read) return read.error();
    file = std::move(read).value();
    problems = prepare_text(file.file, file.text);
    if (!problems.empty()) return problems;
  }
  std::vector<std::int64_t> lengths;
  int line = 0;
  for (std::size_t at = 0; at < file.text.size(); ++line) {
    const std::size_t end = std::min(file.text.find('\n', at), file.text.size());
    each_word(std::string_view(file.text).substr(at, end - at), [&](std::string_view word, int column) {
      if (problems.size() >= kMostDoubts) return;
      const auto wrong = add_word(word, lengths);
      if (!wrong) return;
      const Place place =
          list ? Place{words_given, 0, 0, 1, ""} : place_in(file.file, file.text, line + 1, column, word.size());
      problems.push_back({place, wrong->what, "", wrong->next, {}});
    });
    at = end + 1;
  }
  if (problems.empty() && lengths.empty())
    problems.push_back({Place{list ? flag : file.file, 0, 0, 1, ""}, "has no documents", "", "write 4Ki*8,32Ki", {}});
  if (!problems.empty()) return problems;
  return lengths;
}

}  // namespace ithaca
