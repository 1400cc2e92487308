using PtaKernels.Reference;
using PtaKernels.Rules;

namespace PtaKernels.Cli.Bench;

/// <summary>Where transports come from: golden files have those of 10 x 10, the samples' candidates give any other size.</summary>
internal static class TransportProblems
{
    /// <summary>Fewer problems are repeated up to about this many, since a long document leads to as many: one slow problem must not decide a whole batch.</summary>
    private const int FewestProblems = 1000;

    /// <summary>The official lambda, and the stop of its loop.</summary>
    private const double Epsilon = 1.0 / 30, Tolerance = 1e-5;

    /// <summary>The official loop ends sooner on all but hopeless problems; those are left out.</summary>
    private const int MostIterations = 10_000;

    /// <summary>Golden problems of real documents whose plan is a number; the others probe corners.</summary>
    public static List<TransportWork> OfGolden(BenchData data) => data.Share("transports of golden files", () =>
    {
        List<TransportWork> works = [.. data.Rows("sinkhorn")
            .Where(static r => r.GetProperty("n").GetInt32() == TransportCases.N && r.GetProperty("m").GetInt32() == TransportCases.N
                && r.GetProperty("tag").GetString()!.StartsWith("natural:", StringComparison.Ordinal) && double.IsFinite(Verify.GoldenJson.Number(r.GetProperty("dist"))))
            .GroupBy(static r => (r.GetProperty("lambda").GetDouble(), r.GetProperty("epsilon").GetDouble()))
            .Select(static g => TransportWork.OfGolden(TransportCases.N, g.Key.Item1, g.Key.Item2, [.. Enumerable.Repeat(g, (FewestProblems + g.Count() - 1) / g.Count()).SelectMany(static p => p)]))];
        return works.Count > 0 ? works : throw new AlignmentDataException($"{data.Golden.Folder}: sinkhorn.jsonl.gz holds no natural 10 x 10 problem.");
    });

    /// <summary>Problems of k x k: candidates of GPT-2 and spA wherever tokens of both end at one byte of a sample, with the distances of their texts.</summary>
    /// <remarks>
    /// The first k of a row, with the softmax of their values. Samples have ten to a row; a longer list goes on with the new tokens of the rows after it,
    /// whose values go on falling as in the second half of the ten.
    /// </remarks>
    /// <returns>Null outside the repository.</returns>
    public static TransportWork? OfSamples(BenchData data, int k) => data.Share($"transports of {k} x {k}", () =>
    {
        List<byte> cost = [];
        List<double> a = [], b = [];
        foreach (BenchDocument document in BenchDocuments.SamplesWithSpans(data))
        {
            foreach ((int source, int target) in SameEnds(document.Pair))
            {
                if (a.Count < FewestProblems * k && CandidatesOf(document.Pair.Source.Candidates, source, k) is { } rows && CandidatesOf(document.Pair.Target.Candidates, target, k) is { } columns)
                {
                    cost.AddRange(CostsOf(document.Vocabularies, rows.Tokens, columns.Tokens));
                    a.AddRange(rows.Masses);
                    b.AddRange(columns.Masses);
                }
            }
        }

        return a.Count == 0 ? null : new TransportWork(k, Epsilon, Tolerance, [.. cost], [.. a], [.. b], [], []).AnsweredBy(new ReferenceBackend(), MostIterations);
    });

    /// <summary>Positions whose tokens end at the same byte.</summary>
    private static IEnumerable<(int Source, int Target)> SameEnds(DocumentPair pair)
    {
        (int Start, int End)[] source = pair.Source.Spans!, target = pair.Target.Spans!;
        for (int s = 0, t = 0; s < source.Length && t < target.Length;)
        {
            if (source[s].End == target[t].End && source[s].Start < source[s].End && target[t].Start < target[t].End)
                yield return (s, t);
            (s, t) = source[s].End <= target[t].End ? (s + 1, t) : (s, t + 1);
        }
    }

    private static (int[] Tokens, double[] Masses)? CandidatesOf(TopKLogits all, int row, int k)
    {
        int[] tokens = [.. Enumerable.Range(row, all.Rows - row).SelectMany(r => all.IndicesOf(r).ToArray()).Distinct().Take(k)];
        if (tokens.Length < k)
            return null; // too near to the document's end
        double[] own = all.ValuesOf(row).ToArray(), masses = new double[k];
        double fall = (own[own.Length / 2] - own[^1]) / (own.Length - 1 - (own.Length / 2));
        RowMass.Softmax([.. Enumerable.Range(0, k).Select(c => c < own.Length ? own[c] : own[^1] - (fall * (c + 1 - own.Length)))], 1, masses);
        return (tokens, masses);
    }

    private static byte[] CostsOf(VocabularyPair vocabularies, int[] rows, int[] columns)
    {
        byte[] cost = new byte[rows.Length * columns.Length];
        return new ReferenceBackend().ComputeCostMatrices(vocabularies.Source.Texts, rows, vocabularies.Target.Texts, columns, rows.Length, columns.Length, cost) == KernelStatus.Ok
            ? cost : throw new AlignmentDataException("ot.*: two candidates are over 254 edits apart; bench compares byte costs.");
    }
}
