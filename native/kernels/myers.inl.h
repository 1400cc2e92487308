// Bit-parallel edit distance (Myers 1999 in Hyyrö's form), one pattern per lane, position p of the pattern in bit p of the lane.
// Exact: VP and VN hold the vertical deltas of the table's current column, and their sum over the pattern leads from D[0, j] = j to D[length, j].

template <class V> struct MyersColumn {
    V positive; // VP: bit p set where D[p + 1, j] - D[p, j] = +1
    V negative; // VN: the same for -1
};

// Before the first symbol: all vertical deltas are +1. mask has the pattern's bits set.
template <class V> static inline MyersColumn<V> myers_begin(V mask) { return {mask, V{}}; }

// One text symbol; equal has bit p set where pattern[p] is that symbol. Bits above the pattern hold rubbish and never reach lower ones.
// twice(x) is ~(HP << 1 | 1) for x = ~HP: x + x where row 0 grows by one per symbol.
template <class V, class Twice> static inline void myers_step(MyersColumn<V>& column, V equal, Twice twice) {
    V vp = column.positive, vn = column.negative;
    V zero = ((((equal & vp) + vp) ^ vp) | equal | vn);
    V not_positive = (zero | vp) & ~vn;      // ~HP
    V shifted_not = twice(not_positive);
    V shifted_negative = (zero & vp) + (zero & vp); // HN << 1
    column.positive = shifted_negative | ~(zero | ~shifted_not);
    column.negative = ~shifted_not & zero;
}

template <class V> static inline void myers_step(MyersColumn<V>& column, V equal) {
    myers_step(column, equal, [](V x) { return x + x; });
}
