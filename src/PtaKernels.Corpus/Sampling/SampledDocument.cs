using PtaKernels.Alignment;

namespace PtaKernels.Corpus.Sampling;

/// <summary>What one document of a sample came to.</summary>
internal sealed record SampledDocument
{
    /// <summary>Target positions.</summary>
    public required int Tokens { get; init; }

    /// <summary>[sources] source positions.</summary>
    public required int[] SourceTokens { get; init; }

    /// <summary>Seconds from the end of the document before it to its own, on one thread.</summary>
    public required double Seconds { get; init; }

    /// <summary>[columns] bytes in the aligned store, its share of what a record batch adds included.</summary>
    public required double[] ColumnBytes { get; init; }

    /// <summary>Rows: target positions, once for each source where rows are kept by source.</summary>
    public required int Rows { get; init; }

    /// <summary>[rules] rows filled by each <see cref="RowRule"/>.</summary>
    public required int[] RulesOf { get; init; }

    /// <summary>Rows that were transferred.</summary>
    public required int Taught { get; init; }

    /// <summary>Fused tokens of all rows.</summary>
    public required int Entries { get; init; }

    /// <summary>How the rows predict the next token.</summary>
    public required GoldCounts Gold { get; init; }

    /// <summary>Counts a document; time and bytes come later.</summary>
    public static SampledDocument Of(OutputDocument document, double seconds)
    {
        AlignedDocument[] groups = document.Fused.Merged is { } merged ? [merged] : document.Fused.PerSource;
        int[] rules = new int[Enum.GetValues<RowRule>().Length];
        var gold = new GoldStatistics();
        int taught = 0;
        foreach (AlignedDocument rows in groups)
        {
            for (int t = 0; t < rows.Rows; t++)
            {
                rules[(int)rows[t].Rule]++;
                taught += rows[t].Transferred ? 1 : 0;
            }

            gold.Count(rows, document.Target);
        }

        return new SampledDocument
        {
            Tokens = document.Target.Length,
            SourceTokens = [.. document.Sources.Select(static s => s.Length)],
            Seconds = seconds,
            ColumnBytes = [],
            Rows = groups.Sum(static g => g.Rows),
            RulesOf = rules,
            Taught = taught,
            Entries = groups.Sum(static g => g.Indices.Length),
            Gold = gold.Counts,
        };
    }
}
