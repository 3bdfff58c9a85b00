#pragma once
// The maps of a file of published runs, key by key: what is asked for here is known, all else is passed over.

#include <string>

#include "configs/reader/fields.hpp"
#include "configs/reader/load_runs.hpp"

namespace ithaca {

RunHardware read_run_hardware(Fields& fields, std::string name);
RunModel read_run_model(Fields& fields, std::string name);
/// A case's keys apart from its names and its nested maps.
void read_run_settings(Fields& fields, TrainingRun& run);
void read_run_degrees(Fields& fields, TrainingRun& run);
/// `map` is what `fields` reads: its keys may hold an amount, "days_for_300B_tokens". After the settings.
void read_run_measured(Fields& fields, const Node& map, TrainingRun& run);

}  // namespace ithaca
