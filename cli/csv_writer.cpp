#include "cli/csv_writer.hpp"

#include <fmt/format.h>

#include "cli/row_fields.hpp"

namespace ithaca {
namespace {

struct Cell {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return csv_cell(value); }
};

}  // namespace

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string write_csv(const Report& report) {
  std::string text, comma;
  for (const RowField& field : row_fields()) {
    text += comma + std::string(field.name);
    comma = ",";
  }
  for (const Row& row : report.rows) {
    text += "\r\n";
    comma.clear();
    for (const RowField& field : row_fields()) {
      text += comma + std::visit(Cell{}, get(field, report.question, row));
      comma = ",";
    }
  }
  return text + "\r\n";
}

}  // namespace ithaca
