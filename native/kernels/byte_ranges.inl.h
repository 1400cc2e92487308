// Projection byte (SPEC A3.3): which candidates' ranges of sorted tokens a token lies in, many candidates at a time.

// One bit per candidate whose range holds the place and whose first token is shorter than the token.
static uint64_t byte_takers(const ByteRanges& ranges, uint32_t place, uint32_t length) {
    constexpr int lanes = kLanes<uint32_t>;
    const u32xN at = splat<u32xN>(place), bytes = splat<u32xN>(length);
    uint64_t takers = 0;
    for (int32_t c = 0; c < ranges.count; c += lanes) {
        const uint64_t inside = at_most_bits(at - load<u32xN>(ranges.start + c), load<u32xN>(ranges.last + c));
        takers |= (inside & at_most_bits(load<u32xN>(ranges.least_length + c), bytes)) << c;
    }
    return takers;
}
