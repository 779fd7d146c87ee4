// The floating types of files, row by row, from and to `real`: those of half.h, F32 and F64,
// and Q8_0, the int8 blocks of core/blocks.h.
#pragma once

#include <cstddef>
#include <string>

#include "system/file.h"
#include "tensor/view.h"

namespace seekling {

// Bytes that a row of n numbers takes: 0 for a type that is none of these, and for a row that
// Q8_0's blocks do not fill.
std::size_t bytes_of_row(const std::string& dtype, Index n);

// into = the rows at `at`, one behind the other. dtype: one for which bytes_of_row is not 0.
void read_rows(View into, const std::byte* at, const std::string& dtype);

// The rows of x, as F32, F16, BF16 or Q8_0. Error, with the tensor's name, for a number
// that the type cannot hold.
void write_rows(FileWriter& file, const std::string& name, View x, const std::string& dtype);

}  // namespace seekling
