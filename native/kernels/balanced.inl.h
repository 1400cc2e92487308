// PLACEHOLDER until the kernel lands.
static void balanced(Arena&, const TransportBatch<uint8_t>&) {}
