namespace PtaKernels.Training;

/// <summary>Packs documents into sequences of a fixed length: each document whole where it fits, in the fullest open sequence that has room for it.</summary>
/// <remarks>
/// <para>
/// Why not one stream that is cut every <c>length</c> tokens: a position sees its own document only, so that every cut takes context away from what follows it. Here only a document longer than a sequence is cut, every
/// <c>length</c> tokens; each part keeps its rows, and its last position still learns the token that comes next in the document. A document's last position has no next token.
/// </para>
/// <para>
/// At most <c>open</c> sequences wait for more, which bounds the memory; when a document fits into none of them the fullest goes out. What comes out depends on the order of the documents and on nothing else.
/// </para>
/// </remarks>
/// <param name="length">Positions of a sequence.</param>
/// <param name="open">Sequences that wait for more.</param>
internal sealed class SequencePacker(int length, int open = SequencePacker.UsuallyOpen)
{
    /// <summary>About 50 MB at length 2048 and ten tokens a row.</summary>
    public const int UsuallyOpen = 256;

    private readonly List<Draft> _drafts = [];

    /// <summary>Adds a document.</summary>
    /// <returns>Sequences that are complete with it.</returns>
    public IEnumerable<PackedSequence> Add(AlignedTokens document)
    {
        for (int start = 0; start < document.Ids.Length; start += length)
        {
            var part = new Part(document, start, Math.Min(length, document.Ids.Length - start));
            if (part.Count == length)
            {
                var whole = new Draft();
                whole.Add(part);
                yield return whole.Build();
                continue;
            }

            int place = Fullest(part.Count);
            if (place < 0 && _drafts.Count == open)
                yield return Close(Fullest(0));
            if (place < 0)
            {
                _drafts.Add(new Draft());
                place = _drafts.Count - 1;
            }

            _drafts[place].Add(part);
            if (_drafts[place].Length == length)
                yield return Close(place);
        }
    }

    /// <summary>The sequences that still wait, oldest first.</summary>
    public IEnumerable<PackedSequence> Finish()
    {
        while (_drafts.Count > 0)
            yield return Close(0);
    }

    /// <summary>The fullest sequence with room for so many positions, the oldest of equals; -1 when there is none.</summary>
    private int Fullest(int room)
    {
        int best = -1;
        for (int i = 0; i < _drafts.Count; i++)
        {
            if (_drafts[i].Length + room <= length && (best < 0 || _drafts[i].Length > _drafts[best].Length))
                best = i;
        }

        return best;
    }

    private PackedSequence Close(int place)
    {
        Draft draft = _drafts[place];
        _drafts.RemoveAt(place);
        return draft.Build();
    }

    /// <summary>Positions of a document.</summary>
    private readonly record struct Part(AlignedTokens Document, int Start, int Count);

    private sealed class Draft
    {
        private readonly List<Part> _parts = [];

        public int Length { get; private set; }

        public void Add(Part part)
        {
            _parts.Add(part);
            Length += part.Count;
        }

        public PackedSequence Build()
        {
            int rows = _parts.Sum(static p => p.Document.Offsets[p.Start + p.Count] - p.Document.Offsets[p.Start]);
            int[] ids = new int[Length], segments = new int[Length], labels = new int[Length], offsets = new int[Length + 1], tokens = new int[rows];
            float[] masses = new float[rows], missing = new float[Length];
            int at = 0;
            for (int s = 0; s < _parts.Count; s++)
            {
                (AlignedTokens document, int start, int count) = _parts[s];
                int from = document.Offsets[start], taught = document.Offsets[start + count] - from, to = offsets[at];
                Array.Copy(document.Ids, start, ids, at, count);
                Array.Fill(segments, s, at, count);
                Array.Copy(document.Missing, start, missing, at, count);
                Array.Copy(document.Tokens, from, tokens, to, taught);
                Array.Copy(document.Masses, from, masses, to, taught);
                for (int t = 0; t < count; t++)
                {
                    int next = start + t + 1;
                    labels[at + t] = next < document.Ids.Length ? document.Ids[next] : FusionRows.NoLabel;
                    offsets[at + t + 1] = to + document.Offsets[next] - from;
                }

                at += count;
            }

            var learned = new FusionRows { Labels = labels, Offsets = offsets, Ids = tokens, Masses = masses, Missing = missing };
            return new PackedSequence(ids, segments, [.. _parts.Select(static p => p.Document.Id)], learned, PackedRewards.Of(learned));
        }
    }
}

/// <summary>Rewards of sequences whose rows are fused already.</summary>
internal static class PackedRewards
{
    /// <summary>Mean mass that the taught rows give their next token: what a teacher that is sure and right would have 1 of. 0 without such rows.</summary>
    public static double Of(FusionRows rows)
    {
        double sum = 0;
        int taught = 0;
        for (int row = 0; row < rows.Count; row++)
        {
            int from = rows.Offsets[row], count = rows.Offsets[row + 1] - from;
            if (count == 0 || rows.Labels[row] == FusionRows.NoLabel)
                continue;
            taught++;
            int place = rows.Ids.AsSpan(from, count).IndexOf(rows.Labels[row]);
            sum += place < 0 ? 0 : rows.Masses[from + place];
        }

        return taught == 0 ? 0 : Math.Min(1, sum / taught);
    }
}
