// Texts and strings to symbols (SPEC A3.1).
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace pta {

// The code point that begins at text[0] and its length in bytes; 0xDC00 + byte and 1 where no valid UTF-8 character begins. length >= 1.
int32_t decode_symbol(const uint8_t* text, int32_t length, int32_t& consumed);

// Appends all symbols of a text.
void append_symbols(const uint8_t* text, int32_t length, std::vector<int32_t>& symbols);

// Appends a token string's code points, where a lone surrogate counts as itself, as Python strings hold it.
void append_code_points(std::string_view string, std::vector<int32_t>& symbols);

} // namespace pta
