// Repairs of a text's characters, each counted:
//
//   mojibake     UTF-8 that was read as Windows-1252 and written again, "cafÃ©" for "café" and
//                "donâ€™t" for "don’t": sequences of such characters whose bytes make a character.
//                (The method of ftfy, Speer 2019, in its simplest case.)
//   controls     control characters but for tab and line break, and the invisible U+00AD (soft
//                hyphen), U+200B (zero-width space) and U+FEFF (byte order mark), are removed.
//                Joiners stay: Persian, Hindi and emoji need them.
//   line_breaks  "\r\n" and "\r" become "\n".
//   composed     Unicode's form NFC, é in one character; counted once a document.
//
// Bytes that are not UTF-8 became U+FFFD when the text was read, and are counted there.
#pragma once

#include <string>
#include <string_view>

#include "core/real.h"

namespace seekling {

struct Repairs {
  Index mojibake = 0, controls = 0, line_breaks = 0, composed = 0;

  bool any() const { return mojibake + controls + line_breaks + composed > 0; }
  Repairs& operator+=(const Repairs& other);
};

std::string repaired(std::string_view text, Repairs& repairs);  // adds to `repairs`

}  // namespace seekling
