// The floating types of files, row by row, from and to `real`: those of half.h, F32 and F64, and
// ggml's blocks: Q8_0 and Q4_0 (core/blocks.h), Q5_0 (q5_0.h), Q4_K (q4_k.h), Q6_K (q6_k.h).
#pragma once

#include <cstddef>
#include <string>

#include "system/file.h"
#include "tensor/view.h"

namespace seekling {

// The numbers that a block of the type has, 1 if it has no blocks; 0 for a type that is none of
// these.
Index numbers_in_block(const std::string& dtype);

// Bytes that a row of n numbers takes: 0 for a type that is none of these, and for a row that the
// type's blocks do not fill.
std::size_t bytes_of_row(const std::string& dtype, Index n);

// into = the rows at `at`, one behind the other. dtype: one for which bytes_of_row is not 0.
void read_rows(View into, const std::byte* at, const std::string& dtype);

// The rows of x, as F32, F16, BF16 or Q8_0. Error, with the tensor's name, for a number
// that the type cannot hold.
void write_rows(FileWriter& file, const std::string& name, View x, const std::string& dtype);

}  // namespace seekling
