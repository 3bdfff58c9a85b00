#pragma once
// Where the nodes of a network stand in its picture, and which of them it shows.

#include <optional>
#include <string>
#include <vector>

#include "model/fabric.hpp"

namespace ithaca {

struct Picture {
  struct Spot {
    double x = 0, y = 0;
  };
  struct Box {
    std::int32_t host = 0;
    double x = 0, y = 0, width = 0, height = 0;
  };
  struct Row {
    std::string label;  ///< "spine", "leaf: 16 of 32"
    double y = 0;
  };
  std::vector<std::optional<Spot>> spots;  ///< by node; none for what is left out
  std::vector<Box> boxes;
  std::vector<Row> rows;
  double width = 0, height = 0;
  std::size_t servers = 0, shown = 0;
};

Picture arrange(const FabricGraph& graph);

}  // namespace ithaca
