using CommunityToolkit.HighPerformance;
using PtaKernels.Cli.Bench;
using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Scaling;

/// <summary>Vocabulary: GPT-2 tokens against evenly spaced parts of the united tokens of spA, spB and cl100k, spelt as the official code spells them.</summary>
internal sealed class VocabularySweeps
{
    /// <summary>Of how many queries, and of how many rows, the plain backend answers one.</summary>
    private const int PlainStride = 97;

    private readonly NativeBackend _backend;
    private readonly KernelLimits? _limits;
    private readonly Sizes _sizes;
    private readonly string[] _united;
    private readonly TokenTape _queries;
    private readonly int[] _asked;

    public VocabularySweeps(NativeBackend backend, KernelLimits? limits, RealTexts texts, Sizes sizes)
    {
        (_backend, _limits, _sizes) = (backend, limits, sizes);
        VocabularyPair pair = texts.Pair;
        TokenVocabulary large = texts.Folder.Find("cl100k")!, second = texts.Folder.Find("spB")!;
        string[] queries = [.. Spelt(pair.Source, pair.Target.Marker)];
        _united = [.. Spelt(pair.Target, pair.Target.Marker).Concat(Spelt(second, pair.Target.Marker)).Concat(Spelt(large, pair.Target.Marker)).Distinct(StringComparer.Ordinal)];
        // A token that stands in the other vocabulary is found at once; the search is for those that do not.
        string[] missing = [.. queries.Except(_united, StringComparer.Ordinal)];
        _queries = TokenTape.FromStrings(Spaced(missing, sizes.Queries));
        _asked = [.. Enumerable.Range(0, _queries.Count)];
    }

    /// <summary>The nearest token of each query, whatever is built for it included.</summary>
    public SweepChart Nearest() => new("vocabulary.nearest", "Nearest token, tokens that the vocabulary lacks", "tokens of the vocabulary", "queries/s",
    [
        new Sweep("native", "seconds of a query", $"the plain backend, every {PlainStride}th query", [.. Tapes().Select(tape =>
        {
            int[] nearest = new int[_asked.Length], distance = new int[_asked.Length];
            Find(tape);
            int[] some = [.. _asked.Where(static q => q % PlainStride == 0)], id = new int[some.Length], edits = new int[some.Length];
            new ReferenceBackend().FindNearestTokens(_queries, some, tape, id, edits);
            if (!some.Select(q => (nearest[q], distance[q])).SequenceEqual(id.Zip(edits)))
                throw BenchData.Wrong("vocabulary.nearest", $"a nearest token among {tape.Count} is not the plain backend's");
            return new SweepPoint(tape.Count, 1, new PassLoop(_backend.Name, _asked.Length, () => Find(Fresh(tape))), () => _limits?.Nearest(_queries, _asked, tape, distance));

            void Find(TokenTape targets) => _backend.FindNearestTokens(Fresh(_queries), _asked, targets, nearest, distance);
        })]),
    ]);

    /// <summary>All distances of the queries.</summary>
    public SweepChart AllPairs() => new("vocabulary.pairs", "All pairs of tokens", "tokens of the vocabulary", "pairs/s",
    [
        new Sweep("native", "seconds of a call", $"the plain backend, every {PlainStride}th row", [.. Tapes().Select(tape =>
        {
            int[] rows = [.. _asked.Take(1024)], columns = [.. Enumerable.Range(0, tape.Count)];
            byte[] cost = new byte[rows.Length * columns.Length], expected = new byte[columns.Length];
            Fill();
            for (int r = 0; r < rows.Length; r += PlainStride)
            {
                new ReferenceBackend().ComputeCostMatrix(_queries, [rows[r]], tape, columns, new Span2D<byte>(expected, 1, columns.Length));
                if (!cost.AsSpan(r * columns.Length, columns.Length).SequenceEqual(expected))
                    throw BenchData.Wrong("vocabulary.pairs", $"distances of row {r} to {tape.Count} tokens differ from the plain backend's");
            }

            double pairs = cost.Length;
            return new SweepPoint(tape.Count, pairs, new PassLoop(_backend.Name, pairs, Fill), () => _limits?.EditAllPairs(_queries, rows, tape, columns, pastCaches: false));

            void Fill() => _backend.ComputeCostMatrix(_queries, rows, tape, columns, new Span2D<byte>(cost, rows.Length, columns.Length));
        })]),
    ]);

    private IEnumerable<TokenTape> Tapes() => _sizes.Vocabularies.Select(size => TokenTape.FromStrings(Spaced(_united, size)));

    private static TokenTape Fresh(TokenTape tape) => new(tape.Symbols.ToArray(), tape.Offsets.ToArray());

    private static IEnumerable<string> Spelt(TokenVocabulary vocabulary, string marker) => Enumerable.Range(0, vocabulary.Count)
        .Where(id => vocabulary.HasToken(id) && !vocabulary.IsSpecial(id)).Select(id => vocabulary.Marker.Length == 0 ? vocabulary.StringOf(id)! : vocabulary.StringOf(id)!.Replace(vocabulary.Marker, marker, StringComparison.Ordinal));

    private static string[] Spaced(string[] all, int count) => count >= all.Length ? all : [.. Enumerable.Range(0, count).Select(k => all[(long)k * all.Length / count])];
}
