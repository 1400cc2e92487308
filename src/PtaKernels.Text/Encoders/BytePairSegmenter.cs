using System.Text;

namespace PtaKernels.Text;

/// <summary>Byte-pair encoding of a SentencePiece model: characters joined pair by pair, the joined piece of the highest score first, of several the leftmost.</summary>
/// <remarks>
/// The library joins over the whole text. Where no piece has a space inside (after another character), no pair reaches over the start of a word, so words are cut
/// one by one and remembered: the same pieces, sooner. A model with pieces out of use is cut whole, since there the library's way to take such a piece apart again
/// depends on all of the text.
/// </remarks>
internal sealed class BytePairSegmenter : ISegmenter
{
    /// <summary>Symbols of no pair: an unknown character, and user-defined piece i as Frozen - i.</summary>
    private const int Unknown = -1, Frozen = -2;

    private readonly MergeTable _merges;
    private readonly PieceTrie? _userDefined;

    /// <summary>Symbols: first the pieces by id, then the characters of pieces that are none themselves.</summary>
    private readonly List<Symbol> _symbols = [];

    private readonly Dictionary<int, int> _symbolOf = [];
    private readonly int[] _symbolOfAscii = new int[0x80];
    private readonly int _unknown;
    private readonly bool _wordByWord, _eachMarker, _hasUnused;

    /// <summary>Takes a model.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="model">The model.</param>
    /// <param name="unknown">The id of unknown characters.</param>
    /// <param name="userDefined">Pieces that are matched first and never joined, null for none.</param>
    public BytePairSegmenter(string file, SentencePieceModel.Model model, int unknown, PieceTrie? userDefined)
    {
        (_unknown, _userDefined) = (unknown, userDefined);
        Dictionary<string, int> joinable = new(StringComparer.Ordinal), reserved = new(StringComparer.Ordinal);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            SentencePieceModel.Piece piece = model.Pieces[id];
            if (!float.IsFinite(piece.Score))
                throw new AlignmentDataException($"{file}: piece {id} has the score {piece.Score}; expected a number.");
            bool joins = piece.Kind is SentencePieceModel.Kind.Normal or SentencePieceModel.Kind.UserDefined or SentencePieceModel.Kind.Unused;
            (joins ? joinable : reserved)[piece.Text] = id;
            _symbols.Add(new Symbol(id, Encoding.UTF8.GetByteCount(piece.Text), piece.Kind == SentencePieceModel.Kind.Unused));
            _hasUnused |= piece.Kind == SentencePieceModel.Kind.Unused;
        }

        int[] ranks = RanksOf(model);
        _merges = new MergeTable(4 * joinable.Count);
        bool spaceInside = false;
        foreach ((string text, int id) in joinable)
        {
            AddCharacters(text, joinable, reserved);
            AddMerges(text, id, ranks[id], joinable);
            AddNeighbours(text);
            spaceInside |= SpaceInside(text);
        }

        _wordByWord = !spaceInside && !_hasUnused;
        FillAscii();
    }

    /// <summary>Takes a list of merges.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="ids">The model's tokens: string to id.</param>
    /// <param name="merges">Pairs in the order in which they are joined.</param>
    /// <param name="unknown">The id of unknown characters.</param>
    /// <param name="splitsAtMarkers">Each marker begins a word of its own, and no pair reaches over its start.</param>
    public BytePairSegmenter(string file, Dictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> merges, int unknown, bool splitsAtMarkers)
    {
        (_unknown, _eachMarker) = (unknown, splitsAtMarkers);
        bool spaceInside = false;
        for (int id = ids.Count == 0 ? -1 : ids.Values.Max(); id >= 0; id--)
            _symbols.Add(default);
        foreach ((string token, int id) in ids)
        {
            _symbols[id] = new Symbol(id, Encoding.UTF8.GetByteCount(token), false);
            if (IsSingle(token))
                _symbolOf[char.ConvertToUtf32(token, 0)] = id;
            spaceInside |= SpaceInside(token);
        }

        _merges = BytePairTables.FromMerges(file, ids, merges);
        foreach (string token in ids.Keys)
            AddNeighbours(token);
        _wordByWord = splitsAtMarkers || !spaceInside;
        FillAscii();
    }

    public PairMerger CreateMerger() => new(_merges);

    public void Segment(EncoderBuffers buffers)
    {
        ReadOnlySpan<byte> text = buffers.Text.Bytes;
        if (!_wordByWord)
        {
            SegmentRow(text, _userDefined, buffers);
            return;
        }

        int plain = 0;
        for (int position = 0; _userDefined is not null && position < text.Length;)
        {
            int length = _userDefined.LongestPrefix(text[position..], out int id);
            if (length == 0)
            {
                position += Utf8Text.LengthByFirst(text[position]);
                continue;
            }

            SegmentWords(text[plain..position], buffers);
            buffers.AddSymbol(id, length);
            position += length;
            plain = position;
        }

        SegmentWords(text[plain..], buffers);
    }

    private void FillAscii()
    {
        for (int c = 0; c < _symbolOfAscii.Length; c++)
            _symbolOfAscii[c] = _symbolOf.GetValueOrDefault(c, Unknown);
    }

    private void SegmentWords(ReadOnlySpan<byte> text, EncoderBuffers buffers)
    {
        while (!text.IsEmpty)
        {
            int length = Words.First(text, _eachMarker);
            SegmentWord(text[..length], buffers);
            text = text[length..];
        }
    }

    private void SegmentWord(ReadOnlySpan<byte> word, EncoderBuffers buffers)
    {
        if (word.Length > WordCache.LongestWord)
        {
            SegmentRow(word, null, buffers);
            return;
        }

        if (buffers.Words.TryGet(word, out uint hash, out ReadOnlySpan<(int, int)> known))
        {
            buffers.AddSymbols(known);
            return;
        }

        int first = buffers.SymbolCount;
        SegmentRow(word, null, buffers);
        buffers.Words.Add(word, hash, buffers.Symbols[first..]);
    }

    private void SegmentRow(ReadOnlySpan<byte> text, PieceTrie? userDefined, EncoderBuffers buffers)
    {
        (int[] symbols, int[] lengths) = buffers.Room(text.Length);
        int count = 0;
        for (int position = 0; position < text.Length; position += lengths[count++])
        {
            if (userDefined is not null && userDefined.LongestPrefix(text[position..], out int id) is > 0 and int defined)
            {
                (symbols[count], lengths[count]) = (Frozen - id, defined);
                continue;
            }

            lengths[count] = Math.Max(1, Utf8Text.Decode(text[position..], out int character));
            symbols[count] = character < 0x80 ? _symbolOfAscii[character] : _symbolOf.GetValueOrDefault(character, Unknown);
        }

        Dictionary<int, (int Left, int Right)>? splits = _hasUnused ? [] : null;
        count = buffers.Merger!.Merge(symbols.AsSpan(0, count), lengths.AsSpan(0, count), splits);
        for (int i = 0; i < count; i++)
            Emit(symbols[i], lengths[i], splits, buffers);
    }

    private void Emit(int symbol, int length, Dictionary<int, (int Left, int Right)>? splits, EncoderBuffers buffers)
    {
        if (symbol < 0)
        {
            buffers.AddSymbol(symbol == Unknown ? _unknown : Frozen - symbol, length);
        }
        else if (splits is not null && _symbols[symbol].Unused && splits.TryGetValue(symbol, out (int Left, int Right) parts))
        {
            // A piece out of use goes back into the two that it was last seen to come from.
            Emit(parts.Left, _symbols[parts.Left].Length, splits, buffers);
            Emit(parts.Right, _symbols[parts.Right].Length, splits, buffers);
        }
        else
        {
            buffers.AddSymbol(_symbols[symbol].Token, length);
        }
    }

    /// <summary>Equal scores get equal ranks, as position decides between them.</summary>
    private static int[] RanksOf(SentencePieceModel.Model model)
    {
        float[] scores = [.. model.Pieces.Select(static p => p.Score).Distinct().OrderDescending()];
        var rankOf = new Dictionary<float, int>(scores.Length);
        for (int rank = 0; rank < scores.Length; rank++)
            rankOf[scores[rank]] = rank;
        return [.. model.Pieces.Select(p => rankOf[p.Score])];
    }

    private void AddCharacters(string text, Dictionary<string, int> joinable, Dictionary<string, int> reserved)
    {
        foreach (Rune character in text.EnumerateRunes())
        {
            if (_symbolOf.ContainsKey(character.Value))
                continue;
            string alone = character.ToString();
            if (!joinable.TryGetValue(alone, out int symbol) || reserved.ContainsKey(alone))
            {
                symbol = _symbols.Count;
                _symbols.Add(new Symbol(reserved.GetValueOrDefault(alone, _unknown), character.Utf8SequenceLength, false));
            }

            _symbolOf[character.Value] = symbol;
        }
    }

    /// <summary>Every way to put a piece together from two symbols.</summary>
    private void AddMerges(string text, int id, int rank, Dictionary<string, int> joinable)
    {
        for (int cut = 1; cut < text.Length; cut++)
        {
            if (char.IsLowSurrogate(text[cut]))
                continue;
            int left = SymbolOf(text[..cut], joinable), right = SymbolOf(text[cut..], joinable);
            if (left >= 0 && right >= 0)
                _merges.Add(left, right, rank, id);
        }
    }

    private void AddNeighbours(string text)
    {
        int before = Unknown;
        foreach (Rune character in text.EnumerateRunes())
        {
            int symbol = _symbolOf.GetValueOrDefault(character.Value, Unknown);
            if (symbol != Unknown && before != Unknown)
                _merges.AddNeighbours(before, symbol);
            before = symbol;
        }
    }

    private int SymbolOf(string part, Dictionary<string, int> joinable) =>
        IsSingle(part) ? _symbolOf[char.ConvertToUtf32(part, 0)] : joinable.GetValueOrDefault(part, -1);

    private static bool IsSingle(string text) => text.Length == 1 ? !char.IsSurrogate(text[0]) : text.Length == 2 && char.IsSurrogatePair(text, 0);

    private static bool SpaceInside(string text)
    {
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '▁' && text[i - 1] != '▁')
                return true;
        }

        return false;
    }

    /// <summary>A symbol: the token that it ends as, its length in bytes, and whether that token is out of use.</summary>
    private readonly record struct Symbol(int Token, int Length, bool Unused);
}
