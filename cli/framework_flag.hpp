#pragma once
// --framework NAME[@RELEASE].

#include "cli/flag_reader.hpp"
#include "model/framework.hpp"

namespace ithaca {

/// The newest release where none is given, Framework::any without the flag. What is unknown becomes a problem.
FrameworkRelease read_framework(FlagReader& flags);

/// "DeepSpeed 0.17", "Megatron-LM"
std::string words(const FrameworkRelease& framework);
/// "deepspeed@0.17", "megatron"; as the flag takes it
std::string flag_value(const FrameworkRelease& framework);

}  // namespace ithaca
