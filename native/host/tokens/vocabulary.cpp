#include "host/tokens/vocabulary.h"

#include <array>

#include "host/error.h"

namespace pta {

namespace {

constexpr std::string_view kSpaceMarkers[] = {"\xE2\x96\x81", "\xC4\xA0"}; // by style: U+2581, U+0120

// GPT-2's bijection: printable Latin-1 bytes stand for themselves, the other 68 for the characters from U+0100 on, in byte order.
std::array<int16_t, 0x144> byte_of_character() {
    std::array<int16_t, 0x144> bytes;
    bytes.fill(-1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
        bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        bytes[static_cast<size_t>(printable ? b : next++)] = static_cast<int16_t>(b);
    }
    return bytes;
}

bool append_byte_level(std::string_view string, std::vector<uint8_t>& text) {
    static const std::array<int16_t, 0x144> bytes = byte_of_character();
    size_t start = text.size();
    const auto* at = reinterpret_cast<const uint8_t*>(string.data());
    int32_t length = static_cast<int32_t>(string.size());
    for (int32_t i = 0, consumed; i < length; i += consumed) {
        int32_t character = decode_symbol(at + i, length - i, consumed);
        if (static_cast<size_t>(character) >= bytes.size() || bytes[static_cast<size_t>(character)] < 0) {
            text.resize(start);
            return false;
        }
        text.push_back(static_cast<uint8_t>(bytes[static_cast<size_t>(character)]));
    }
    return true;
}

int hexadecimal(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

// "<0xNN>", or -1.
int fallback_byte(std::string_view string) {
    if (string.size() != 6 || string.substr(0, 3) != "<0x" || string[5] != '>')
        return -1;
    int high = hexadecimal(string[3]), low = hexadecimal(string[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

} // namespace

bool append_text(std::string_view string, int32_t style, std::string_view marker, std::vector<uint8_t>& text) {
    if (style == PTA_STYLE_BYTE_LEVEL)
        return append_byte_level(string, text);
    if (int byte = fallback_byte(string); byte >= 0) {
        text.push_back(static_cast<uint8_t>(byte));
        return true;
    }
    std::string plain = replaced(string, marker, " ");
    text.insert(text.end(), plain.begin(), plain.end());
    return true;
}

std::string replaced(std::string_view string, std::string_view marker, std::string_view replacement) {
    std::string result;
    for (size_t at = 0;;) {
        size_t found = string.find(marker, at);
        result.append(string.substr(at, found - at));
        if (found == std::string_view::npos)
            return result;
        result.append(replacement);
        at = found + marker.size();
    }
}

TokenStrings::TokenStrings(const pta_token_strings& view)
    : strings_(view.string_offsets[view.count] > 0 ? std::string(view.strings, static_cast<size_t>(view.string_offsets[view.count])) : std::string()),
      marker_(view.marker != nullptr ? std::string_view(view.marker) : kSpaceMarkers[view.style]), byte_level_(view.style == PTA_STYLE_BYTE_LEVEL),
      adds_dummy_prefix_(view.adds_dummy_prefix != 0), string_offsets_(view.string_offsets, view.string_offsets + view.count + 1), text_offsets_{0},
      roles_(static_cast<size_t>(view.count)) {
    if (view.roles != nullptr)
        roles_.assign(view.roles, view.roles + view.count);
    ids_.reserve(roles_.size());
    for (int32_t id = 0; id < view.count; id++) {
        uint8_t& roles = roles_[static_cast<size_t>(id)];
        if ((roles & PTA_ROLE_HOLE) != 0)
            continue;
        if (roles != PTA_ROLE_NONE)
            roles |= PTA_ROLE_SPECIAL;
        auto [first, is_new] = ids_.emplace(string_of(id), id);
        if (!is_new)
            throw_argument("tokens.strings: ids %d and %d have one string; a token string stands once.", first->second, id);
    }
    read_texts(view);
    text_tape_ = make_texts();
}

void TokenStrings::read_texts(const pta_token_strings& view) {
    text_offsets_.reserve(roles_.size() + 1);
    for (int32_t id = 0; id < count(); id++) {
        uint8_t& roles = roles_[static_cast<size_t>(id)];
        if (roles == PTA_ROLE_NONE && view.texts != nullptr)
            texts_.insert(texts_.end(), view.texts + view.text_offsets[id], view.texts + view.text_offsets[id + 1]);
        else if (roles == PTA_ROLE_NONE && !append_text(string_of(id), view.style, marker_, texts_))
            roles = PTA_ROLE_SPECIAL;
        if (texts_.size() > INT32_MAX)
            throw_argument("tokens: the texts take more than 2 GiB.");
        text_offsets_.push_back(static_cast<int32_t>(texts_.size()));
    }
}

std::unique_ptr<Tape> TokenStrings::make_texts() const {
    TapeBuilder builder;
    for (int32_t id = 0; id < count(); id++) {
        uint8_t roles = roles_of(id);
        if ((roles & PTA_ROLE_SPECIAL) != 0)
            append_code_points(string_of(id), builder.symbols());
        else if (roles == PTA_ROLE_NONE)
            append_symbols(text_of(id), text_length_of(id), builder.symbols());
        builder.close(roles);
    }
    return builder.build();
}

int32_t TokenStrings::find(std::string_view string) const {
    auto found = ids_.find(string);
    return found == ids_.end() ? -1 : found->second;
}

const Tape& TokenStrings::strings() const {
    std::lock_guard<std::mutex> lock(strings_mutex_);
    if (string_tape_ == nullptr)
        string_tape_ = tape_of(nullptr, count(), [](std::string_view string) { return string; });
    return *string_tape_;
}

pta_vocabulary_view TokenStrings::view() const {
    return {sizeof(pta_vocabulary_view), count(), text_tape_.get(), texts_.data(), text_offsets_.data(), adds_dummy_prefix_ ? 1 : 0, 0};
}

} // namespace pta
