// The flags that the stages of data construction share.
#pragma once

#include <cxxopts.hpp>
#include <filesystem>

#include "clean/dedup.h"

namespace seekling {

void add_reading_flags(cxxopts::Options& options);  // the words without a flag are "input"
void add_clean_flags(cxxopts::Options& options);    // the same, and --out

Reading reading_of(const cxxopts::ParseResult& flags);
std::filesystem::path out_of(const cxxopts::ParseResult& flags);

// Of a stage that drops documents: its output, with --tokenizer, --shards and --resume.
void add_output_flags(cxxopts::Options& options);
// `read`: the files besides the input that the output depends on, which --resume must find
// unchanged.
CleanOutputOptions output_options_of(const cxxopts::ParseResult& flags,
                                     const DocumentReader& reader,
                                     const std::vector<std::filesystem::path>& read = {});

void add_dedup_flags(cxxopts::Options& options);
DedupOptions dedup_options_of(const cxxopts::ParseResult& flags);

// Reads all documents and hands them to `use`; says on stderr now and then how far it is.
// Ends early where `use` returns false, and returns whether it came to the end.
bool for_each_batch(DocumentReader& reader,
                    const std::function<bool(std::vector<InputDocument>&)>& use);

}  // namespace seekling
