namespace PtaKernels.Text;

/// <summary>What one call of an encoder works in; kept and used again, by one call at a time.</summary>
internal sealed class EncoderBuffers
{
    private (int Symbol, int Length)[] _symbols = new (int, int)[256];
    private int[] _ids = new int[256];
    private int[] _ends = new int[256];

    /// <summary>The normalised text.</summary>
    public NormalizedText Text { get; } = new();

    /// <summary>Words met before.</summary>
    public WordCache Words { get; } = new();

    /// <summary>Joins pairs; null for a kind that has none.</summary>
    public PairMerger? Merger { get; init; }

    /// <summary>Number of symbols so far.</summary>
    public int SymbolCount { get; private set; }

    /// <summary>Number of tokens so far.</summary>
    public int Count { get; private set; }

    /// <summary>Symbols so far: token ids and lengths in bytes of the normalised text.</summary>
    public Span<(int Symbol, int Length)> Symbols => _symbols.AsSpan(0, SymbolCount);

    /// <summary>Token ids so far.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Room that <see cref="Room"/> hands out: symbols and lengths before they are joined.</summary>
    private int[] _row = [], _lengths = [];

    /// <summary>Room for the best paths of a Unigram model: score, start and id of the last piece, per end in the text.</summary>
    public PathEnd[] Paths { get; private set; } = [];

    public void Clear() => (SymbolCount, Count) = (0, 0);

    public void AddSymbol(int symbol, int length)
    {
        if (SymbolCount == _symbols.Length)
            Array.Resize(ref _symbols, 2 * SymbolCount);
        _symbols[SymbolCount++] = (symbol, length);
    }

    public void AddSymbols(ReadOnlySpan<(int Symbol, int Length)> symbols)
    {
        if (SymbolCount + symbols.Length > _symbols.Length)
            Array.Resize(ref _symbols, Math.Max(2 * SymbolCount, SymbolCount + symbols.Length));
        symbols.CopyTo(_symbols.AsSpan(SymbolCount));
        SymbolCount += symbols.Length;
    }

    /// <summary>A token that ends at a byte of the original text.</summary>
    public void AddToken(int id, int end)
    {
        if (Count == _ids.Length)
        {
            Array.Resize(ref _ids, 2 * Count);
            Array.Resize(ref _ends, _ids.Length);
        }

        _ids[Count] = id;
        _ends[Count++] = end;
    }

    /// <summary>Moves the end of the last token.</summary>
    public void ExtendToken(int end) => _ends[Count - 1] = end;

    /// <summary>Rows of symbols and their lengths in bytes, [count] each.</summary>
    public (int[] Symbols, int[] Lengths) Room(int count)
    {
        if (_row.Length < count)
            (_row, _lengths) = (new int[Math.Max(count, 2 * _row.Length)], new int[Math.Max(count, 2 * _row.Length)]);
        return (_row, _lengths);
    }

    /// <summary>Path ends 0..size, none reached.</summary>
    public Span<PathEnd> RoomForPaths(int size)
    {
        if (Paths.Length < size + 1)
            Paths = new PathEnd[Math.Max(size + 1, 2 * Paths.Length)];
        Span<PathEnd> paths = Paths.AsSpan(0, size + 1);
        paths.Fill(new PathEnd { Start = -1 });
        return paths;
    }

    /// <summary>The tokens, the last one taking in what is left of the text.</summary>
    public EncodedText ToEncodedText(int textLength)
    {
        var spans = new (int Start, int End)[Count];
        int start = 0;
        for (int i = 0; i < Count; i++)
        {
            int end = i == Count - 1 ? textLength : _ends[i];
            spans[i] = (start, end);
            start = end;
        }

        return new EncodedText(_ids[..Count], spans);
    }

    /// <summary>The best way to cover the text up to a place.</summary>
    internal struct PathEnd
    {
        /// <summary>Sum of scores.</summary>
        public double Score;

        /// <summary>Where its last piece starts; -1 where no way leads here.</summary>
        public int Start;

        /// <summary>Its last piece.</summary>
        public int Id;
    }
}
