using PtaKernels.Alignment;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus;

/// <summary>What became of an item.</summary>
/// <param name="Written">The part that was written already.</param>
/// <param name="Report">Counts of its documents.</param>
/// <param name="Quarantined">Documents that were set aside, a JSON line each.</param>
/// <param name="Append">Writes it.</param>
/// <param name="Share">About how much of the input is read with it, 0..1.</param>
internal sealed record AlignedItem(StoreShard? Written, AlignmentRunReport Report, IReadOnlyList<byte[]> Quarantined, Action? Append, double Share);

/// <summary>What one thread does with an item: parse, align, make it ready to be written.</summary>
internal sealed class AlignmentWorker(DocumentAligner aligner, CorpusDocuments documents, IDocumentWriter output, int sources, OnError onError, bool together)
{
    /// <summary>Works on an item.</summary>
    /// <exception cref="AlignmentDataException">A document is bad, and the run is to stop at the first.</exception>
    public AlignedItem Work(CorpusItem item)
    {
        var report = new AlignmentRunReport(sources);
        if (item.Written is { } written)
            return new AlignedItem(written, report, [], null, 0);
        IDocumentRecord[][] records = item.Records;
        Result[]? results = together ? AlignTogether(records) : null;
        IOutputBatch batch = output.OpenBatch();
        List<byte[]> quarantined = [];
        for (int d = 0; d < records.Length; d++)
        {
            // One by one where nothing is gained by more: a document is garbage before the next one is made.
            Result result = results is null ? Align(Parse(records[d]), records[d]) : results[d];
            report.Add(result.Report);
            if (result.Error is { } error)
            {
                if (onError == OnError.Stop)
                    throw error;
                report.Quarantined++;
                quarantined.Add(QuarantineFile.LineOf(records[d], error));
                continue;
            }

            batch.Add(new OutputDocument(records[d][0], result.Target!, result.Sources!, result.Fused!));
        }

        Action append = batch.End(new OutputBatch(item.Split, item.FirstRow, item.Rows, quarantined, report));
        return new AlignedItem(null, report, quarantined, append, item.Share);
    }

    /// <summary>Parses in parallel and aligns in one call, which a device gains from.</summary>
    private Result[] AlignTogether(IDocumentRecord[][] records)
    {
        var results = new Result[records.Length];
        Parallel.For(0, records.Length, d => results[d] = Parse(records[d]));
        int[] good = [.. Enumerable.Range(0, results.Length).Where(d => results[d].Error is null)];
        var report = new AlignmentRunReport(sources);
        try
        {
            FusedDocument[] fused = aligner.AlignTogether([.. good.Select(d => results[d].Target!)], [.. good.Select(d => results[d].Sources!)], report);
            for (int g = 0; g < good.Length; g++)
                results[good[g]] = results[good[g]] with { Fused = fused[g], Report = g == 0 ? report : results[good[g]].Report };
        }
        catch (AlignmentDataException)
        {
            // One of them is bad: each for itself says which, and keeps the counts of the others.
            foreach (int d in good)
                results[d] = Align(results[d], records[d]);
        }

        return results;
    }

    private Result Parse(IDocumentRecord[] records) => Attempt(records, () =>
    {
        TokenizedDocument[] views = [.. records.Select(static r => r.Parse())];
        for (int s = 1; s < views.Length; s++)
            documents.RequireSame(views[0], records[0], views[s], records[s]);
        return new Result(views[0], views[1..], null, new AlignmentRunReport(sources), null);
    });

    private Result Align(Result parsed, IDocumentRecord[] records) => parsed.Error is not null ? parsed : Attempt(records, () =>
    {
        var report = new AlignmentRunReport(sources);
        return parsed with { Fused = aligner.Align(parsed.Target!, parsed.Sources!, report), Report = report };
    });

    private Result Attempt(IDocumentRecord[] records, Func<Result> work)
    {
        try
        {
            return work();
        }
        catch (AlignmentDataException e)
        {
            AlignmentDataException located = e.Document is null ? e : new AlignmentDataException($"{records[0].Where}: {e.Message}", e);
            return new Result(null, null, null, new AlignmentRunReport(sources), located);
        }
    }

    private sealed record Result(
        TokenizedDocument? Target, TokenizedDocument[]? Sources, FusedDocument? Fused, AlignmentRunReport Report, AlignmentDataException? Error);
}
