// Conversations as text for DeepSeek-V3.2 and V4. These models come with a program in Python
// instead of a chat template; this is its format.
//
// Messages are objects as in OpenAI's interface: role and content; the assistant's may also have
// reasoning_content and tool_calls, the system's tools and response_format. The assistant's answer
// to the result of a tool belongs to the turn that the user's last message started, and reasoning
// is kept only in this turn.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace seekling {

enum class EncoderKind { kDeepseekV32, kDeepseekV4 };

// The encoder of a checkpoint's folder, by config.json's model_type or by the program in the
// folder; nothing if it has neither.
std::optional<EncoderKind> encoder_of(const std::filesystem::path& folder);

struct EncoderOptions {
  bool thinking = false;       // the model reasons, up to </think>, before it answers
  bool keep_thinking = false;  // V4: the reasoning of earlier turns as well; with tools, always
};

// The text of a conversation, and the beginning of the answer to it. Error, with the message's
// place, for what the format does not have.
std::string encode_messages(EncoderKind kind, const nlohmann::ordered_json& messages,
                            const EncoderOptions& options = {});

// What the model is told of its tools; `descriptions` are theirs in JSON, one a line.
std::string tool_instructions(EncoderKind kind, const std::string& descriptions);

// The message of a generated answer, without the token that ends it. Error if it is malformed.
nlohmann::ordered_json parse_answer(EncoderKind kind, std::string_view answer, bool thinking);

}  // namespace seekling
