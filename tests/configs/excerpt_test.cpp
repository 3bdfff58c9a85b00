#include "configs/reader/excerpt.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ithaca {
namespace {

TEST(Utf8, KnowsItsCharacters) {
  EXPECT_EQ(utf8_length("a", 0), 1u);
  EXPECT_EQ(utf8_length("\u00e9", 0), 2u);
  EXPECT_EQ(utf8_length("\u20ac", 0), 3u);
  EXPECT_EQ(utf8_length("\U0001f600", 0), 4u);
  EXPECT_EQ(utf8_length("\U0010ffff", 0), 4u);
  EXPECT_EQ(utf8_length(std::string_view("\0", 1), 0), 1u);
}

TEST(Utf8, KnowsWhatIsNone) {
  EXPECT_EQ(utf8_length("", 0), 0u);
  EXPECT_EQ(utf8_length("\u00e9", 1), 0u) << "the middle of a character";
  for (const char* bad :
       {"\xC3", "\xC3(", "\xE2\x82", "\xF0\x9F\x98", "\xFF", "\xC0\x80" /* overlong */, "\xE0\x80\x80" /* overlong */,
        "\xED\xA0\x80" /* half a surrogate pair */, "\xF0\x80\x80\x80" /* overlong */,
        "\xF4\x90\x80\x80" /* above U+10FFFF */, "\xF5\x80\x80\x80"})
    EXPECT_EQ(utf8_length(bad, 0), 0u) << testing::PrintToString(bad);
}

TEST(Printable, DisarmsControlCharacters) {
  EXPECT_EQ(printable("a\tb"), "a b");
  EXPECT_EQ(printable("\x1b[31mred\x7f\n\r"), "?[31mred???");
  EXPECT_EQ(printable("\u009b31m"), "?31m") << "U+009B opens an escape sequence too";
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(printable("\xC3\xA9\xC3"), "\u00e9?") << "cut in two";
  EXPECT_EQ(printable("\u20ac \U0001f600"), "\u20ac \U0001f600");
}

TEST(LineOf, CountsFromOne) {
  EXPECT_EQ(line_of("a\nb\r\nc", 1), "a");
  EXPECT_EQ(line_of("a\nb\r\nc", 2), "b");
  EXPECT_EQ(line_of("a\nb\r\nc", 3), "c");
  EXPECT_EQ(line_of("a\nb\r\nc", 4), "");
  EXPECT_EQ(line_of("a\n", 0), "");
}

TEST(PlaceIn, ShowsTheLineAndTheOneBefore) {
  const Place place = place_in("f.yaml", "one\ntwo\nthree: 4\n", 3, 8, 1);
  EXPECT_EQ(place.line, 3);
  EXPECT_EQ(place.column, 8);
  EXPECT_EQ(place.excerpt,
            "   2 | two\n"
            " > 3 | three: 4\n"
            "     |        ^");
}

TEST(PlaceIn, LeavesAnEmptyLineBeforeOut) {
  EXPECT_EQ(place_in("f.yaml", "one\n\nthree", 3, 1, 5).excerpt,
            " > 3 | three\n"
            "     | ^^^^^");
}

TEST(PlaceIn, AlignsTheNumbers) {
  EXPECT_EQ(place_in("f.yaml", "\n\n\n\n\n\n\n\nnine\nten", 10, 1, 3).excerpt,
            "    9 | nine\n"
            " > 10 | ten\n"
            "      | ^^^");
}

TEST(PlaceIn, CountsCharactersNotBytes) {
  // "\u00e9" takes two bytes: byte 7 is character 5.
  const Place place = place_in("f.yaml", "\u00e9\u00e9: x\u00e9", 1, 7, 3);
  EXPECT_EQ(place.column, 5);
  EXPECT_EQ(place.width, 2);
  EXPECT_EQ(place.excerpt,
            " > 1 | \u00e9\u00e9: x\u00e9\n"
            "     |     ^^");
}

TEST(PlaceIn, ShowsTabsAsOneSpace) {
  EXPECT_EQ(place_in("f.json", "\t\t\"a\": 1", 1, 3, 3).excerpt,
            " > 1 |   \"a\": 1\n"
            "     |   ^^^");
}

TEST(PlaceIn, CutsALongLineAroundTheCaret) {
  // 1000 characters: the caret at 501 keeps 40 before it, and 100 are shown.
  const std::string line = std::string(500, 'a') + "X" + std::string(499, 'b');
  const Place place = place_in("f.yaml", line, 1, 501, 1);
  EXPECT_EQ(place.column, 501);
  EXPECT_EQ(place.excerpt, " > 1 | ..." + std::string(40, 'a') + "X" + std::string(59, 'b') + "...\n     | " +
                               std::string(43, ' ') + "^");
}

TEST(PlaceIn, CutsNoCharacterInTwo) {
  std::string line;
  for (int i = 0; i < 200; ++i) line += "\u20ac";
  for (int column = 1; column <= 600; column += 3) {
    const Place place = place_in("f.yaml", line, 1, column, 3);
    EXPECT_EQ(place.column, 1 + column / 3);
    EXPECT_EQ(place.excerpt.find('?'), std::string::npos) << place.excerpt;
    const std::string shown = place.excerpt.substr(place.excerpt.rfind('\n'));
    const auto before = static_cast<std::size_t>(std::count(shown.begin(), shown.end(), ' '));
    EXPECT_LE(before, 60u) << column;
  }
}

TEST(PlaceIn, LimitsTheCarets) {
  const Place place = place_in("f.yaml", std::string(90, 'a'), 1, 1, 90);
  EXPECT_EQ(place.width, 90);
  EXPECT_EQ(place.excerpt, " > 1 | " + std::string(90, 'a') + "\n     | " + std::string(40, '^'));
}

TEST(PlaceIn, SurvivesPlacesOutsideTheText) {
  EXPECT_EQ(place_in("f.yaml", "a", 0, 0, 1).excerpt, "");
  EXPECT_EQ(place_in("f.yaml", "a", -1, -1, 1).line, 0);
  EXPECT_EQ(place_in("f.yaml", "a\n", 2, 1, 1).excerpt, "   1 | a\n > 2 | \n     | ^");
  EXPECT_EQ(place_in("f.yaml", "a", 99, 99, 99).excerpt, " > 99 | \n      | ^");
  EXPECT_EQ(place_in("f.yaml", "a", 1, 99, 0).excerpt, " > 1 | a\n     |  ^");
}

}  // namespace
}  // namespace ithaca
