namespace PtaKernels.Text;

/// <summary>The cut of the highest sum of scores, with the arithmetic of the original: SentencePiece 0.1.97 (Model::EncodeOptimized), or Hugging Face's tokenizers.</summary>
/// <remarks>
/// Near ties fall as they do there. SentencePiece forms a piece's sum in double and stores it as float, over the whole text, and an unknown character's in float;
/// tokenizers keeps doubles. The first of equal sums stays.
/// </remarks>
internal sealed class UnigramSegmenter : ISegmenter
{
    private const float UnknownPenalty = 10;

    private readonly PieceTrie _trie;
    private readonly double[] _scores;
    private readonly bool[] _userDefined;
    private readonly double _unknownScore;
    private readonly float _maxScore;
    private readonly int _unknown;
    private readonly bool _keepsFloats, _splitsAtMarkers;

    /// <summary>Takes a model.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="pieces">[count] pieces by id; those that are neither normal nor user-defined are matched in no text.</param>
    /// <param name="scores">[count] their scores.</param>
    /// <param name="unknown">The id of unknown characters.</param>
    /// <param name="keepsFloats">SentencePiece's arithmetic.</param>
    /// <param name="splitsAtMarkers">Each word is cut by itself.</param>
    public UnigramSegmenter(string file, IReadOnlyList<SentencePieceModel.Piece> pieces, double[] scores, int unknown, bool keepsFloats, bool splitsAtMarkers)
    {
        (_unknown, _scores, _keepsFloats, _splitsAtMarkers) = (unknown, scores, keepsFloats, splitsAtMarkers);
        _userDefined = new bool[pieces.Count];
        List<(byte[], int)> keys = [];
        // SentencePiece starts its maximum from the smallest positive float.
        (double lowest, float highest) = (double.MaxValue, 1.17549435e-38f);
        for (int id = 0; id < pieces.Count; id++)
        {
            SentencePieceModel.Piece piece = pieces[id];
            if (!double.IsFinite(scores[id]))
                throw new AlignmentDataException($"{file}: piece {id} has the score {scores[id]}; expected a number.");
            _userDefined[id] = piece.Kind == SentencePieceModel.Kind.UserDefined;
            if (piece.Kind is SentencePieceModel.Kind.Normal or SentencePieceModel.Kind.UserDefined)
                keys.Add((System.Text.Encoding.UTF8.GetBytes(piece.Text), id));
            if (piece.Kind == SentencePieceModel.Kind.Normal || !keepsFloats)
                (lowest, highest) = (Math.Min(lowest, scores[id]), Math.Max(highest, (float)scores[id]));
        }

        _trie = new PieceTrie(keys);
        _unknownScore = keepsFloats ? (float)lowest - UnknownPenalty : lowest - UnknownPenalty;
        _maxScore = highest;
    }

    public PairMerger? CreateMerger() => null;

    public void Segment(EncoderBuffers buffers)
    {
        ReadOnlySpan<byte> text = buffers.Text.Bytes;
        if (!_splitsAtMarkers)
        {
            AddBest(text, buffers);
            return;
        }

        while (!text.IsEmpty)
        {
            ReadOnlySpan<byte> word = text[..Words.First(text, eachMarker: true)];
            text = text[word.Length..];
            uint hash = 0;
            bool remembered = word.Length <= WordCache.LongestWord;
            if (remembered && buffers.Words.TryGet(word, out hash, out ReadOnlySpan<(int, int)> known))
            {
                buffers.AddSymbols(known);
                continue;
            }

            int first = buffers.SymbolCount;
            AddBest(word, buffers);
            if (remembered)
                buffers.Words.Add(word, hash, buffers.Symbols[first..]);
        }
    }

    private void AddBest(ReadOnlySpan<byte> text, EncoderBuffers buffers)
    {
        Span<EncoderBuffers.PathEnd> paths = buffers.RoomForPaths(text.Length);
        for (int start = 0; start < text.Length;)
        {
            double before = paths[start].Score;
            int character = Math.Min(Utf8Text.LengthByFirst(text[start]), text.Length - start);
            bool single = false;
            int node = PieceTrie.Root;
            for (int end = start; end < text.Length && _trie.Step(ref node, text[end]);)
            {
                end++;
                int id = _trie.ValueAt(node);
                if (id < 0)
                    continue;
                double score = before + (_userDefined[id] ? ((end - start) * _maxScore) - 0.1 : _scores[id]);
                Offer(ref paths[end], score, start, id);
                single |= end - start == character;
            }

            if (!single)
                Offer(ref paths[start + character], Stored(before + _unknownScore), start, _unknown);
            start += character;
        }

        int first = buffers.SymbolCount;
        for (int end = text.Length; end > 0; end = paths[end].Start)
            buffers.AddSymbol(paths[end].Id, end - paths[end].Start);
        buffers.Symbols[first..].Reverse();
    }

    private void Offer(ref EncoderBuffers.PathEnd path, double score, int start, int id)
    {
        if (path.Start == -1 || score > path.Score)
            (path.Score, path.Start, path.Id) = (Stored(score), start, id);
    }

    private double Stored(double score) => _keepsFloats ? (float)score : score;
}
