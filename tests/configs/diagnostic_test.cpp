#include "configs/reader/diagnostic.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

Place place(std::string file, int line, int column) {
  return {std::move(file), line, column, 1, " > 1 | a: b\n     | ^"};
}

TEST(Diagnostic, SaysWhatWhereAndWhatNext) {
  EXPECT_EQ(print(Diagnostic{place("f.yaml", 14, 5), "unknown key 'a'", "did you mean 'c'?", "mend the name", {}}),
            "error: f.yaml:14:5: unknown key 'a'\n"
            " > 1 | a: b\n"
            "     | ^ did you mean 'c'?\n"
            "next: mend the name\n");
}

TEST(Diagnostic, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(print(Diagnostic{place("f.yaml", 1, 1), "bad", "", "", {}}),
            "error: f.yaml:1:1: bad\n > 1 | a: b\n     | ^\n");
}

TEST(Diagnostic, NamesTheWholeInputWithoutALine) {
  EXPECT_EQ(print(Diagnostic{Place{"--model", 0, 0, 1, ""}, "there is no model 'x'", "did you mean 'y'?", "look", {}}),
            "error: --model: there is no model 'x'\n"
            "  did you mean 'y'?\n"
            "next: look\n");
}

TEST(Diagnostic, ShowsBothPlacesOfAConflict) {
  Diagnostic d{place("f.yaml", 2, 1), "key 'a' is given twice", "", "keep one of them", place("f.yaml", 1, 1)};
  EXPECT_EQ(print(d),
            "error: f.yaml:2:1: key 'a' is given twice\n"
            " > 1 | a: b\n"
            "     | ^\n"
            "other place: f.yaml:1:1\n"
            " > 1 | a: b\n"
            "     | ^\n"
            "next: keep one of them\n");
}

TEST(Diagnostic, SendsNoControlCharactersToATerminal) {
  const std::string text = print(Diagnostic{Place{"a\x1b[2J.yaml", 0, 0, 1, ""}, "key 'x\ny'", "\x07", "no\r", {}});
  EXPECT_EQ(text, "error: a?[2J.yaml: key 'x?y'\n  ?\nnext: no?\n");
}

TEST(Diagnostics, ComeInTheOrderOfTheirPlaces) {
  // Files as they came first, lines and columns within; what stands at the same place keeps its order.
  const Diagnostics all{{Place{"b.yaml", 9, 1, 1, ""}, "1", "", "", {}},
                        {Place{"a.yaml", 2, 1, 1, ""}, "2", "", "", {}},
                        {Place{"b.yaml", 1, 7, 1, ""}, "3", "", "", {}},
                        {Place{"b.yaml", 1, 2, 1, ""}, "4", "", "", {}},
                        {Place{"b.yaml", 1, 7, 1, ""}, "5", "", "", {}}};
  EXPECT_EQ(print(all),
            "error: b.yaml:1:2: 4\n"
            "error: b.yaml:1:7: 3\n"
            "error: b.yaml:1:7: 5\n"
            "error: b.yaml:9:1: 1\n"
            "error: a.yaml:2:1: 2\n");
}

}  // namespace
}  // namespace ithaca
