// A tokenizer as Hugging Face's tokenizers library keeps it: tokenizer.json,
// and tokenizer_config.json beside it.
//
// Read: byte-level BPE with any sequence of isolated splits; what would make other ids than
// the library's is refused by name. truncation and padding are the caller's matter and ignored.
// No bos is ever added, so a post_processor is carried along and not applied. Written: what was
// read.
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace seekling {

// `path` is the file, or a directory with tokenizer.json in it. A tokenizer_config.json beside
// it names bos and eos; without one they are DeepSeek's. Error, one sentence with path and key,
// for a file that is not such a tokenizer.
Tokenizer read_tokenizer(const std::string& path);
// `path` is for the messages.
Tokenizer parse_tokenizer(const std::string& json, const std::string& path);

std::string tokenizer_json(const Tokenizer& tokenizer);  // byte for byte the library's file

// The same with a post_processor that puts bos in front, as a model reads its texts: transformers 5
// goes by it where a tokenizer.json is, and ignores add_bos_token.
std::string tokenizer_json_with_bos(const Tokenizer& tokenizer);
// tokenizer_json, less the post_processor that tokenizer_json_with_bos put in.
std::string tokenizer_json_without_bos(const Tokenizer& tokenizer);

void write_tokenizer(const Tokenizer& tokenizer, const std::string& path);  // by renaming

extern const char* const kChatTemplate;  // DeepSeek-V2's chat format, in Jinja

// The content of tokenizer_config.json. model_max_length is in tokens; an empty chat template is
// left out.
std::string tokenizer_config_json(const Tokenizer& tokenizer, Index model_max_length = 4096,
                                  const std::string& chat_template = kChatTemplate);

}  // namespace seekling
