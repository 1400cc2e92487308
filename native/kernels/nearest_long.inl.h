// Tokens longer than a lane: the query's symbols are the pattern, 64 at a time, and the horizontal deltas of a strip's last row enter the next strip.

// Distance of a query to text [length], whose classes are never 0. deltas [length] and masks [index.alphabet, all zero, left so] are scratch.
static int32_t long_distance(TokenSpan query, const uint16_t* text, int32_t length, int8_t* deltas, uint64_t* masks) {
    for (int32_t j = 0; j < length; j++)
        deltas[j] = 1; // row 0 of the table: 0, 1, 2, ...
    int32_t distance = query.length;
    for (int32_t begin = 0; begin < query.length; begin += 64) {
        const int32_t height = query.length - begin < 64 ? query.length - begin : 64;
        for (int32_t p = 0; p < height; p++)
            masks[query.codes[begin + p]] |= uint64_t{1} << p;
        uint64_t positive = ~uint64_t{0}, negative = 0;
        for (int32_t j = 0; j < length; j++) {
            const int32_t above = deltas[j];
            uint64_t equal = masks[text[j]];
            const uint64_t vertical = equal | negative;
            equal |= above < 0 ? 1u : 0u;
            const uint64_t zero = (((equal & positive) + positive) ^ positive) | equal;
            uint64_t up = negative | ~(zero | positive), down = positive & zero;
            deltas[j] = static_cast<int8_t>(static_cast<int32_t>(up >> (height - 1) & 1) - static_cast<int32_t>(down >> (height - 1) & 1));
            up = up << 1 | (above > 0 ? 1u : 0u);
            down = down << 1 | (above < 0 ? 1u : 0u);
            positive = down | ~(vertical | up);
            negative = up & vertical;
        }
        for (int32_t p = 0; p < height; p++)
            masks[query.codes[begin + p]] = 0;
    }
    for (int32_t j = 0; j < length; j++)
        distance += deltas[j];
    return distance;
}

static void search_long(const NearestClass& tokens, const NearestIndex& index, int32_t length, int8_t* deltas, uint64_t* masks, NearestQuery& query) {
    const int32_t difference = length > query.span.length ? length - query.span.length : query.span.length - length;
    const int32_t least = difference > query.least ? difference : query.least;
    for (int32_t k = 0; k < tokens.count; k++) {
        const int32_t token = tokens.tokens[k];
        if (least > query.distance - (token > query.token ? 1 : 0))
            return; // ids ascend: none that follows can win
        const int32_t distance = long_distance(query.span, index.codes + index.offsets[token], length, deltas, masks);
        if (distance < query.distance || (distance == query.distance && token < query.token)) {
            query.distance = distance;
            query.token = token;
        }
    }
}
