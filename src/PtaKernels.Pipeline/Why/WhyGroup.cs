using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>Tokens with something in common, summed document by document.</summary>
/// <param name="name">What they have in common.</param>
internal sealed class WhyGroup(string name)
{
    private readonly List<Sums> _documents = [];
    private int _last = -1;
    private Rows _rows;

    /// <summary>Their name.</summary>
    public string Name => name;

    /// <summary>Adds a token.</summary>
    /// <param name="document">Number of its document; those of one document come together.</param>
    /// <param name="token">The token.</param>
    public void Add(int document, in WhyToken token)
    {
        if (document != _last)
            _documents.Add(default);
        _last = document;
        _documents[^1] = _documents[^1].With(token);
        if (token.Fused is { } fused)
            _rows = _rows.With(fused, token.Row, token.TargetIsRight);
    }

    /// <summary>The group's line.</summary>
    /// <param name="allBytes">Bytes of all groups.</param>
    /// <param name="controlled">Whether there is a control.</param>
    public WhyLine Line(long allBytes, bool controlled)
    {
        Sums all = _documents.Aggregate(default(Sums), static (sum, d) => sum.With(d));
        return new WhyLine
        {
            Name = name,
            Documents = _documents.Count,
            Tokens = all.Tokens,
            Bytes = all.Bytes,
            ByteShare = (double)all.Bytes / Math.Max(1, allBytes),
            Before = LossOf(all.Before, all),
            Control = controlled ? LossOf(all.Control, all) : null,
            After = LossOf(all.After, all),
            Difference = all.Bytes == 0 || _documents.Count < 2 ? null : Bootstrap(controlled),
            Contribution = (all.After - (controlled ? all.Control : all.Before)) / Math.Max(1, allBytes),
            Rows = _rows.Means,
        };
    }

    private static WhyLoss LossOf(double bits, in Sums all) => new(bits / Math.Max(1, all.Tokens), all.Bytes == 0 ? null : bits / all.Bytes);

    private BootstrapResult Bootstrap(bool controlled)
    {
        return BootstrapResult.Of(Scores(controlled ? static d => d.Control : static d => d.Before), Scores(static d => d.After), WhyAnalysis.Resamples);

        DocumentScore[] Scores(Func<Sums, double> bits) => [.. _documents.Select((d, i) => new DocumentScore($"{i}", "", bits(d) * Math.Log(2), (int)d.Tokens, (int)d.Bytes))];
    }

    private readonly record struct Sums(long Tokens, long Bytes, double Before, double Control, double After)
    {
        public Sums With(in WhyToken token) => new(Tokens + 1, Bytes + token.Bytes, Before + token.Before, Control + (token.Control ?? 0), After + token.After);

        public Sums With(in Sums other) => new(Tokens + other.Tokens, Bytes + other.Bytes, Before + other.Before, Control + other.Control, After + other.After);
    }

    private readonly record struct Rows(long Count, double Gold, long Fused, long Target, double Kappa, double Missing, double Signal, long Measured)
    {
        public WhyRows? Means => Count == 0 ? null
            : new WhyRows(Count, Gold / Count, (double)Fused / Count, (double)Target / Count, Kappa / Count, Missing / Count, Measured == 0 ? null : Signal / Measured);

        public Rows With(in FusedGold fused, in RowProvenance row, bool targetIsRight)
        {
            bool measured = !double.IsNaN(row.SignalKept);
            return new Rows(
                Count + 1, Gold + fused.Probability, Fused + (fused.IsRight ? 1 : 0), Target + (targetIsRight ? 1 : 0), Kappa + row.Kappa, Missing + row.Missing,
                Signal + (measured ? row.SignalKept : 0), Measured + (measured ? 1 : 0));
        }
    }
}
