#pragma once
// Rows of a sweep as text: CSV, JSON objects, or lines of a table. What a row holds is chosen once; writing a row only
// appends.

#include <span>
#include <string>
#include <vector>

#include "cli/sweep/rows.hpp"

namespace ithaca {

enum class SweepFormat { table, csv, json, jsonl, heat };

class SweepColumns {
 public:
  /// `fields` are the columns behind the axes; `heat` is the field that SweepFormat::heat shows.
  SweepColumns(std::span<const SweepAxis> axes, std::vector<const SweepField*> fields, SweepFormat format,
               const SweepField* heat = nullptr);

  /// The line above all rows; empty where there is none.
  std::string header() const;
  /// Of JSON each row begins with a comma that the first one does not need.
  void append(std::string& text, const Digits& digits, const SweepRow& row) const;

 private:
  void append_csv(std::string& text, const Digits& digits, const SweepRow& row) const;
  void append_json(std::string& text, const Digits& digits, const SweepRow& row) const;
  void append_line(std::string& text, const Digits& digits, const SweepRow& row) const;

  /// Fields of one key of a JSON row: "step", "layout"; a scalar's key has one field and no name inside.
  struct Group {
    std::string name;
    std::vector<const SweepField*> fields;
    std::vector<std::string> before;  ///< text in front of each field's value, from the brace or comma on
    std::string after;
  };
  std::span<const SweepAxis> axes_;
  std::vector<const SweepField*> fields_;
  SweepFormat format_;
  const SweepField* heat_;
  std::vector<Group> groups_;
  std::vector<std::size_t> widths_;              ///< of the table's columns for axes
  std::vector<std::vector<std::string>> cells_;  ///< of CSV, by axis and value, with the comma behind
};

/// Prefix of the columns for axes: "set.seq".
inline constexpr std::string_view kAxisPrefix = "set.";

}  // namespace ithaca
