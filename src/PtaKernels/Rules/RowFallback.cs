namespace PtaKernels.Rules;

/// <summary>What a row holds that no source reaches (SPEC A2).</summary>
public static class RowFallback
{
    /// <summary>Adds the fallback row.</summary>
    /// <param name="destination">Receives the row at the position <see cref="AlignedDocument.Rows"/>.</param>
    /// <param name="target">The target's view of the document.</param>
    /// <param name="options">Fallback, mass rule and temperature.</param>
    /// <param name="reason">Why nothing was transferred: kept as the rule where the official code names it (X, M).</param>
    /// <param name="source">Index of the source that was tried, or -1.</param>
    public static RowProvenance Add(AlignedDocument destination, TokenizedDocument target, in AlignmentOptions options, RowRule reason = RowRule.None, int source = -1)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(target);
        int row = destination.Rows;
        RowProvenance provenance;
        switch (options.Fallback)
        {
            case FallbackRule.OneHotCurrent:
                provenance = new RowProvenance(reason == RowRule.None ? RowRule.CurrentToken : reason, Source: source);
                destination.AddRow([target.Ids[row]], [1.0], provenance);
                break;
            case FallbackRule.Label when row + 1 < target.Length:
                provenance = new RowProvenance(RowRule.LabelFallback, Source: source);
                destination.AddRow([target.Ids[row + 1]], [1.0], provenance);
                break;
            case FallbackRule.Target:
                Span<double> mass = stackalloc double[target.Candidates.K];
                double missing = RowMass.Of(target, row, options, mass);
                var own = new FusedRow();
                for (int i = 0; i < mass.Length; i++)
                    own.Add(target.Candidates.IndicesOf(row)[i], mass[i]);
                own.Finish(1 - missing, mass.Length, options.Mass == MassRule.Tail);
                provenance = new RowProvenance(RowRule.TargetOwn, Source: source, Missing: missing);
                destination.AddRow(own.Tokens, own.Masses, provenance);
                break;
            default:
                provenance = new RowProvenance(RowRule.None, Source: source);
                destination.AddRow([], [], provenance);
                break;
        }

        return provenance;
    }
}
