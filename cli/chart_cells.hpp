#pragma once
// A grid of cells as SVG, each with words that show while it is pointed at or has the focus, without a script.

#include <string>
#include <vector>

namespace ithaca {

struct CellChart {
  struct Cell {
    std::string letters;  ///< up to three; empty where the cell is hatched
    int color = 0;        ///< s0, s1, ...
    std::string words;    ///< what it says, in full
    bool asked = false;   ///< framed: the question itself
  };
  std::string title, x_label, y_label, prompt;  ///< `prompt` stands where the words will
  std::vector<std::string> columns, rows;       ///< rows from above
  std::vector<Cell> cells;                      ///< by row
};

std::string write_cells(const CellChart& chart);

}  // namespace ithaca
