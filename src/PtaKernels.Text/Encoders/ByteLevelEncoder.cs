
namespace PtaKernels.Text;

/// <summary>Byte-level BPE: text is cut by a pattern, and the bytes of each piece are joined pair by pair.</summary>
/// <remarks>
/// Special tokens that are written in a text are ordinary text, as tiktoken's encode_ordinary has it. Written here because Microsoft.ML.Tokenizers' patterns do
/// not see letters above U+FFFF and its tokens inside of a character have no byte spans.
/// </remarks>
internal sealed class ByteLevelEncoder : BufferedEncoder
{
    private readonly PretokenPattern? _pattern;
    private readonly MergeTable _merges;
    private readonly PieceTrie? _whole;
    private readonly int[] _bytes;
    private readonly ByteLevelText _steps;

    /// <summary>Takes the parts.</summary>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="pattern">Cuts the text; null for one piece.</param>
    /// <param name="merges">Pairs of token ids.</param>
    /// <param name="bytes">[256] the token of each byte.</param>
    /// <param name="whole">Tokens that a piece is looked up in before any pair is joined; null for none.</param>
    /// <param name="steps">What happens to a text before it is cut.</param>
    public ByteLevelEncoder(TokenVocabulary vocabulary, PretokenPattern? pattern, MergeTable merges, int[] bytes, PieceTrie? whole, ByteLevelText steps)
        : base(vocabulary)
    {
        (_pattern, _merges, _bytes, _whole, _steps) = (pattern, merges, bytes, whole, steps);
    }

    public override int? FirstToken(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return null;
        int whole = Utf8Text.WholePrefix(text);
        EncoderBuffers buffers = Rent();
        buffers.Clear();
        if (whole > 0)
            Cut(text[..whole], inside: true, buffers);
        else
            Join(text, buffers);
        int first = whole > 0 ? buffers.Ids[0] : buffers.Symbols[0].Symbol;
        Return(buffers);
        return first;
    }

    public override byte[] Decode(ReadOnlySpan<int> ids)
    {
        using var text = new MemoryStream();
        foreach (int id in ids)
        {
            if (!Vocabulary.HasToken(id))
                throw new ArgumentException($"vocabulary {Vocabulary.Name}: id {id} has no token.", nameof(ids));
            text.Write(Vocabulary.Bytes[id]);
        }

        return text.ToArray();
    }

    protected override PairMerger? CreateMerger() => new(_merges);

    protected override void Cut(ReadOnlySpan<byte> utf8, bool inside, EncoderBuffers buffers)
    {
        buffers.Clear();
        NormalizedText normalized = buffers.Text;
        _steps.Normalize(utf8, inside, normalized);
        ReadOnlySpan<byte> text = normalized.Bytes;
        ReadOnlySpan<int> ends = normalized.Ends;
        for (int start = 0, end; start < text.Length; start = end)
        {
            if (_steps.Added is { } added && added.At(text, start, out int id) is > 0 and int length)
            {
                end = start + length;
                buffers.AddToken(id, ends[end - 1]);
                continue;
            }

            int limit = _steps.Added?.Next(text, start) ?? text.Length;
            // A pattern looks ahead no further than the piece of text between two added tokens.
            ReadOnlySpan<byte> part = text[..limit];
            for (end = start; end < limit;)
            {
                int from = end;
                end = _pattern?.End(part, from) ?? limit;
                AddPiece(part[from..end], ends[from..end], buffers);
            }
        }
    }

    private void AddPiece(ReadOnlySpan<byte> piece, ReadOnlySpan<int> ends, EncoderBuffers buffers)
    {
        bool remembered = piece.Length <= WordCache.LongestWord;
        uint hash = 0;
        if (!remembered || !buffers.Words.TryGet(piece, out hash, out ReadOnlySpan<(int Symbol, int Length)> symbols))
        {
            int first = buffers.SymbolCount;
            Join(piece, buffers);
            symbols = buffers.Symbols[first..];
            if (remembered)
                buffers.Words.Add(piece, hash, symbols);
        }

        int end = 0;
        foreach ((int id, int length) in symbols)
        {
            end += length;
            buffers.AddToken(id, ends[end - 1]);
        }
    }

    private void Join(ReadOnlySpan<byte> piece, EncoderBuffers buffers)
    {
        if (_whole is not null && _whole.Find(piece) is >= 0 and int token)
        {
            buffers.AddSymbol(token, piece.Length);
            return;
        }

        (int[] symbols, int[] lengths) = buffers.Room(piece.Length);
        for (int i = 0; i < piece.Length; i++)
            (symbols[i], lengths[i]) = (_bytes[piece[i]], 1);
        int count = buffers.Merger!.Merge(symbols.AsSpan(0, piece.Length), lengths.AsSpan(0, piece.Length));
        for (int i = 0; i < count; i++)
            buffers.AddSymbol(symbols[i], lengths[i]);
    }
}
