using PtaKernels.Alignment;

namespace PtaKernels.Pipeline;

/// <summary>A document aligned for the viewer: the rows that the student sees, and each source's rows as its kernels gave them.</summary>
/// <param name="Shown">The merged, folded or only rows.</param>
/// <param name="Pairs">[sources] the document as each source's alignment saw it: in a fold, with what the better sources had given.</param>
/// <param name="Rows">[sources] its rows before the label-mass chain.</param>
/// <param name="Only">The source whose rows are shown where nothing was merged; null where something was.</param>
/// <param name="Note">What the reader must know; null = nothing.</param>
internal sealed record ViewerAlignment(AlignedDocument Shown, DocumentPair[] Pairs, AlignedDocument[] Rows, int? Only, string? Note)
{
    public static ViewerAlignment Of(
        IKernelBackend backend, IReadOnlyList<AlignmentSource> sources, AlignmentOptions options, TokenizedDocument target, IReadOnlyList<TokenizedDocument> views, IReadOnlyList<int> order)
    {
        FusedDocument fused = new DocumentAligner(backend, sources, options, order).Align(target, views);
        AlignmentOptions own = options.Output == OutputUnit.Official ? options : options with { Fallback = FallbackRule.Mask };
        var pairs = new DocumentPair[sources.Count];
        var rows = new AlignedDocument[sources.Count];
        foreach ((int rank, int s) in order.Index())
        {
            AlignedDocument? prior = options.Sources == SourceMerging.Recursive && rank > 0 ? Folded(backend, sources, options, target, views, order.Take(rank)) : null;
            pairs[s] = new DocumentPair(views[s], target, prior);
            var aligned = new AlignedDocument[1];
            backend.AlignBatch([pairs[s]], sources[s].Vocabularies, own, aligned, new AlignmentReport());
            rows[s] = aligned[0];
        }

        List<string> notes = [];
        if (options.LabelMass == LabelMass.Chain)
            notes.Add("Steps are shown before the label-mass chain, fused rows after it.");
        if (fused.Merged is null && sources.Count > 1)
            notes.Add($"Output official keeps each source's rows apart; these are {sources[order[0]].Name}'s.");
        return new ViewerAlignment(fused.Merged ?? fused.PerSource[order[0]], pairs, rows, fused.Merged is null ? order[0] : null, notes.Count == 0 ? null : string.Join(' ', notes));
    }

    /// <summary>What the next source of a fold meets (SPEC A3.5): the fold of those before it, with the target's own rows where none reached.</summary>
    private static AlignedDocument Folded(
        IKernelBackend backend, IReadOnlyList<AlignmentSource> sources, in AlignmentOptions options, TokenizedDocument target, IReadOnlyList<TokenizedDocument> views, IEnumerable<int> before)
    {
        int[] first = [.. before];
        var aligner = new DocumentAligner(backend, [.. first.Select(s => sources[s])], options with { Fallback = FallbackRule.Target });
        return aligner.Align(target, [.. first.Select(s => views[s])]).Merged!;
    }
}
