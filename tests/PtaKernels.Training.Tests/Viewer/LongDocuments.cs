using PtaKernels.Corpus;

namespace PtaKernels.Training.Tests.Viewer;

/// <summary>Documents of any length and candidate count, put together from the samples.</summary>
internal static class LongDocuments
{
    private const int Given = 10;

    private static readonly Lazy<(TokenizedDocument Source, TokenizedDocument Target)[]> Samples = new(static () =>
        [.. All("gpt2").Zip(All("spA")).Where(static pair => pair.Second.Id != "197")]); // 197 writes the word marker itself, which the two tokenizers read differently

    /// <summary>gpt2's and spA's view of sample documents one after the other, from one on, until there are so many target tokens.</summary>
    public static (TokenizedDocument Source, TokenizedDocument Target) Of(int k, int first, int tokens)
    {
        List<TokenizedDocument> sources = [], targets = [];
        for (int d = first; targets.Sum(static t => t.Length - 1) < tokens; d++)
        {
            (TokenizedDocument source, TokenizedDocument target) = Samples.Value[d % Samples.Value.Length];
            sources.Add(source);
            targets.Add(target);
        }

        return (Joined(sources, k, $"long {first}"), Joined(targets, k, $"long {first}"));
    }

    private static IEnumerable<TokenizedDocument> All(string model) => DocumentFiles.Read(Repository.PathOf($"samples/{model}.jsonl.gz"));

    /// <summary>Without the ends of sequence between; candidates past the ten that there are come from later rows, lighter and lighter.</summary>
    private static TokenizedDocument Joined(List<TokenizedDocument> parts, int k, string id)
    {
        (TokenizedDocument Part, int Row)[] rows = [.. parts.SelectMany(static part => Enumerable.Range(0, part.Length - 1).Select(row => (part, row)))];
        var indices = new List<int>();
        var values = new List<double>();
        for (int r = 0; r < rows.Length; r++)
        {
            int[] own = rows[r].Part.Candidates.IndicesOf(rows[r].Row).ToArray();
            double[] logits = rows[r].Part.Candidates.ValuesOf(rows[r].Row).ToArray();
            IEnumerable<int> later = Enumerable.Range(1, rows.Length - 1).SelectMany(n => rows[(r + (7 * n)) % rows.Length].Part.Candidates.IndicesOf(rows[(r + (7 * n)) % rows.Length].Row).ToArray());
            indices.AddRange(own.Concat(later).Distinct().Take(k));
            values.AddRange(logits.Concat(Enumerable.Range(1, k - Given).Select(n => logits[^1] - (0.07 * n))));
        }

        return new TokenizedDocument { Id = id, Ids = [.. rows.Select(static r => r.Part.Ids[r.Row])], Candidates = new TopKLogits([.. indices], [.. values], k) };
    }
}
