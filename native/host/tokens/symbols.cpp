#include "host/tokens/symbols.h"

namespace pta {

namespace {
constexpr int32_t kInvalidByte = 0xDC00;
bool continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }
} // namespace

int32_t decode_symbol(const uint8_t* text, int32_t length, int32_t& consumed) {
    uint8_t lead = text[0];
    consumed = 1;
    if (lead < 0x80)
        return lead;
    // Lengths by lead byte; the second byte's bounds rule out overlong forms, surrogates and values over 0x10FFFF.
    if (lead >= 0xC2 && lead <= 0xDF && length >= 2 && continues(text[1])) {
        consumed = 2;
        return (lead & 0x1F) << 6 | (text[1] & 0x3F);
    }
    if ((lead & 0xF0) == 0xE0 && length >= 3 && continues(text[1]) && continues(text[2])) {
        int32_t symbol = (lead & 0x0F) << 12 | (text[1] & 0x3F) << 6 | (text[2] & 0x3F);
        if (symbol >= 0x800 && (symbol < 0xD800 || symbol > 0xDFFF)) {
            consumed = 3;
            return symbol;
        }
    }
    if (lead >= 0xF0 && lead <= 0xF4 && length >= 4 && continues(text[1]) && continues(text[2]) && continues(text[3])) {
        int32_t symbol = (lead & 0x07) << 18 | (text[1] & 0x3F) << 12 | (text[2] & 0x3F) << 6 | (text[3] & 0x3F);
        if (symbol >= 0x10000 && symbol <= 0x10FFFF) {
            consumed = 4;
            return symbol;
        }
    }
    // A broken character's later bytes begin nothing either, so that each becomes a symbol of its own.
    return kInvalidByte + lead;
}

void append_symbols(const uint8_t* text, int32_t length, std::vector<int32_t>& symbols) {
    for (int32_t i = 0, consumed; i < length; i += consumed)
        symbols.push_back(decode_symbol(text + i, length - i, consumed));
}

void append_code_points(std::string_view string, std::vector<int32_t>& symbols) {
    const auto* text = reinterpret_cast<const uint8_t*>(string.data());
    int32_t length = static_cast<int32_t>(string.size());
    for (int32_t i = 0, consumed; i < length; i += consumed) {
        bool surrogate = text[i] == 0xED && length - i >= 3 && text[i + 1] >= 0xA0 && text[i + 1] <= 0xBF && continues(text[i + 2]);
        if (surrogate) {
            consumed = 3;
            symbols.push_back(0xD000 | (text[i + 1] & 0x3F) << 6 | (text[i + 2] & 0x3F));
        } else {
            symbols.push_back(decode_symbol(text + i, length - i, consumed));
        }
    }
}

} // namespace pta
