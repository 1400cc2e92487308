namespace PtaKernels.Text;

/// <summary>The cut of the highest sum of scores, with the library's arithmetic: its sums are floats over the whole text, so that near ties fall as they do there.</summary>
/// <remarks>
/// SentencePiece 0.1.97, Model::EncodeOptimized. The sum of a piece is formed in double and stored as float, that of an unknown character is a float. The first
/// of equal sums stays: shorter pieces before longer ones by their start.
/// </remarks>
internal sealed class UnigramSegmenter : ISegmenter
{
    private const float UnknownPenalty = 10;

    private readonly PieceTrie _trie;
    private readonly Piece[] _pieces;
    private readonly float _unknownScore, _maxScore;
    private readonly int _unknown;

    public UnigramSegmenter(string file, SentencePieceModel.Model model, int unknown)
    {
        _unknown = unknown;
        _pieces = new Piece[model.Pieces.Count];
        List<(byte[], int)> keys = [];
        // The library starts its maximum from the smallest positive float.
        (float lowest, float highest) = (float.MaxValue, 1.17549435e-38f);
        for (int id = 0; id < _pieces.Length; id++)
        {
            SentencePieceModel.Piece piece = model.Pieces[id];
            if (!float.IsFinite(piece.Score))
                throw new AlignmentDataException($"{file}: piece {id} has the score {piece.Score}; expected a number.");
            _pieces[id] = new Piece(piece.Score, piece.Kind == SentencePieceModel.Kind.UserDefined);
            if (piece.Kind is SentencePieceModel.Kind.Normal or SentencePieceModel.Kind.UserDefined)
                keys.Add((System.Text.Encoding.UTF8.GetBytes(piece.Text), id));
            if (piece.Kind == SentencePieceModel.Kind.Normal)
                (lowest, highest) = (Math.Min(lowest, piece.Score), Math.Max(highest, piece.Score));
        }

        _trie = new PieceTrie(keys);
        (_unknownScore, _maxScore) = (lowest - UnknownPenalty, highest);
    }

    public PairMerger? CreateMerger() => null;

    public void Segment(EncoderBuffers buffers)
    {
        ReadOnlySpan<byte> text = buffers.Text.Bytes;
        Span<EncoderBuffers.PathEnd> paths = buffers.RoomForPaths(text.Length);
        for (int start = 0; start < text.Length;)
        {
            float before = paths[start].Score;
            int character = Math.Min(Utf8Text.LengthByFirst(text[start]), text.Length - start);
            bool single = false;
            int node = PieceTrie.Root;
            for (int end = start; end < text.Length && _trie.Step(ref node, text[end]);)
            {
                end++;
                int id = _trie.ValueAt(node);
                if (id < 0)
                    continue;
                double score = _pieces[id].UserDefined ? ((end - start) * _maxScore) - 0.1 : _pieces[id].Score;
                score += before;
                ref EncoderBuffers.PathEnd path = ref paths[end];
                if (path.Start == -1 || score > path.Score)
                    (path.Score, path.Start, path.Id) = ((float)score, start, id);
                single |= end - start == character;
            }

            if (!single)
            {
                float score = _unknownScore + before;
                ref EncoderBuffers.PathEnd path = ref paths[start + character];
                if (path.Start == -1 || score > path.Score)
                    (path.Score, path.Start, path.Id) = (score, start, _unknown);
            }

            start += character;
        }

        for (int end = text.Length; end > 0; end = paths[end].Start)
            buffers.AddSymbol(paths[end].Id, end - paths[end].Start);
        buffers.Symbols.Reverse();
    }

    private readonly record struct Piece(float Score, bool UserDefined);
}
