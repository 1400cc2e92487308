// What the nearest-token search knows of a target tape.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/kernel_table.h"

namespace pta {

struct NearestIndex {};

} // namespace pta
