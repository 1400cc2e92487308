using PtaKernels.Alignment;
using PtaKernels.Rules;

namespace PtaKernels.Corpus;

/// <summary>What happens to a document that is bad input (SPEC A5).</summary>
public enum OnError
{
    /// <summary>The run ends with its message and writes nothing under the final name.</summary>
    Stop,

    /// <summary>It goes to the quarantine file with its reason and the run continues.</summary>
    Quarantine,
}

/// <summary>Aligns a corpus: one reader for the target, one per source, the same documents in the same order, split by split.</summary>
public sealed class AlignmentRun
{
    /// <summary>Documents read, aligned in parallel and written in order at a time; bounds the memory, never the result.</summary>
    private const int SmallestBatch = 64;

    /// <summary>The target's documents.</summary>
    public required IDocumentReader TargetDocuments { get; init; }

    /// <summary>The target's vocabulary.</summary>
    public required TokenVocabulary Target { get; init; }

    /// <summary>Each source's documents, in listing order.</summary>
    public required IReadOnlyList<IDocumentReader> SourceDocuments { get; init; }

    /// <summary>The sources, in listing order.</summary>
    public required IReadOnlyList<AlignmentSource> Sources { get; init; }

    /// <summary>The output, of the target's kind.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether an existing output may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>What happens to bad documents.</summary>
    public OnError OnError { get; init; }

    /// <summary>Indices of the sources, best first; null = by corpus bits per byte, which reads the documents once more.</summary>
    public IReadOnlyList<int>? SourceOrder { get; init; }

    /// <summary>Which documents are taken.</summary>
    public DocumentSelection Selection { get; init; } = new();

    /// <summary>Told after every batch: target tokens so far, share of the work done.</summary>
    public Action<long, double>? Progress { get; init; }

    /// <summary>Told once for each thing that a user should know but that is no error.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>The quarantine file of an output.</summary>
    public string QuarantinePath => Path.TrimEndingDirectorySeparator(OutputPath) + ".quarantine.jsonl";

    /// <summary>Order of the sources used by the last <see cref="Run"/>, best first.</summary>
    public IReadOnlyList<int> UsedOrder { get; private set; } = [];

    private IDocumentReader[] Readers => [TargetDocuments, .. SourceDocuments];

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">Bad input; nothing is written under the final names.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under the final names.</exception>
    public AlignmentRunReport Run(IKernelBackend backend, AlignmentOptions options, CancellationToken cancellation)
    {
        RequireSameCorpus();
        using IDocumentWriter output = TargetDocuments.OpenOutput(OutputPath, Replace, SourceDocuments, options.Output);
        using QuarantineFile? quarantine = OnError == OnError.Quarantine ? new QuarantineFile(QuarantinePath) : null;
        UsedOrder = SourceOrder ?? OrderByBitsPerByte(options, cancellation);
        var aligner = new DocumentAligner(backend, Sources, options, UsedOrder);
        var report = new AlignmentRunReport(Sources.Count);
        foreach (IDocumentRecord[][] batch in ReadTogether().Chunk(Math.Max(SmallestBatch, backend.DocumentsAtOnce)))
        {
            cancellation.ThrowIfCancellationRequested();
            Result[] results = AlignBatch(aligner, batch, together: backend.DocumentsAtOnce > 1);
            for (int d = 0; d < results.Length; d++)
            {
                report.Add(results[d].Report);
                if (results[d].Error is { } error)
                {
                    if (quarantine is null)
                        throw error;
                    report.Quarantined++;
                    quarantine.Write(batch[d], error);
                    continue;
                }

                output.Write(batch[d][0], results[d].Target!, results[d].Sources!, results[d].Fused!);
            }

            Progress?.Invoke(report.TargetTokens, ShareOf(batch[^1][0], report));
        }

        if (report.Documents + report.Quarantined == 0)
            throw new AlignmentDataException($"{TargetDocuments.Path}: holds no document{(Selection == new DocumentSelection() ? "" : " that was asked for")}.");
        quarantine?.Commit();
        output.Commit();
        return report;
    }

    /// <summary>Parses a batch in parallel and aligns it: in one call where the backend gains from that, else document by document.</summary>
    private Result[] AlignBatch(DocumentAligner aligner, IDocumentRecord[][] batch, bool together)
    {
        var results = new Result[batch.Length];
        if (!together)
        {
            Parallel.For(0, batch.Length, d => results[d] = Align(aligner, Parse(batch[d]), batch[d]));
            return results;
        }

        Parallel.For(0, batch.Length, d => results[d] = Parse(batch[d]));
        int[] good = [.. Enumerable.Range(0, results.Length).Where(d => results[d].Error is null)];
        var report = new AlignmentRunReport(Sources.Count);
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
                results[d] = Align(aligner, results[d], batch[d]);
        }

        return results;
    }

    private Result Parse(IDocumentRecord[] records) => Attempt(records, () =>
    {
        TokenizedDocument[] views = [.. records.Select(static r => r.Parse())];
        for (int s = 1; s < views.Length; s++)
            RequireSameDocument(views[0], records[0], views[s], records[s]);
        return new Result(views[0], views[1..], null, new AlignmentRunReport(Sources.Count), null);
    });

    private Result Align(DocumentAligner aligner, Result parsed, IDocumentRecord[] records) => parsed.Error is not null ? parsed : Attempt(records, () =>
    {
        var report = new AlignmentRunReport(Sources.Count);
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
            return new Result(null, null, null, new AlignmentRunReport(Sources.Count), located);
        }
    }

    private void RequireSameDocument(TokenizedDocument target, IDocumentRecord targetRecord, TokenizedDocument source, IDocumentRecord sourceRecord)
    {
        bool unnamed = target.Id == targetRecord.DefaultId && source.Id == sourceRecord.DefaultId;
        if (!unnamed && target.Id != source.Id)
        {
            throw new AlignmentDataException(
                $"{sourceRecord.Where}: document {source.Id}, but {TargetDocuments.Path} has {target.Id} there; give the same documents in the same order.");
        }
    }

    /// <summary>Kinds, splits and counts, where the readers know them, before any work is done.</summary>
    private void RequireSameCorpus()
    {
        foreach (IDocumentReader source in SourceDocuments)
        {
            if (source.Kind != TargetDocuments.Kind)
                throw new AlignmentDataException($"{source.Path}: is a {source.Kind}, but the target {TargetDocuments.Path} is a {TargetDocuments.Kind}; give all models' documents in one form.");
            if (!source.Splits.Order(StringComparer.Ordinal).SequenceEqual(TargetDocuments.Splits.Order(StringComparer.Ordinal)))
            {
                throw new AlignmentDataException(
                    $"{source.Path}: has the splits {string.Join(", ", source.Splits)}, but {TargetDocuments.Path} has {string.Join(", ", TargetDocuments.Splits)}; give the same splits in every folder.");
            }

            foreach (string split in TargetDocuments.Splits)
            {
                if (source.CountOf(split) is { } count && TargetDocuments.CountOf(split) is { } expected && count != expected)
                {
                    throw new AlignmentDataException(
                        $"{source.Path}: {count} rows in split {split}, but {TargetDocuments.Path} has {expected}; give the same documents in every folder.");
                }
            }
        }
    }

    private double ShareOf(IDocumentRecord last, AlignmentRunReport report)
    {
        long asked = Selection.Limit * TargetDocuments.Splits.Count;
        return Math.Max(last.Share, asked == 0 ? 0 : (double)(report.Documents + report.Quarantined) / asked);
    }

    private IEnumerable<IDocumentRecord[]> ReadTogether() => TargetDocuments.Splits.SelectMany(ReadTogether);

    /// <summary>The selected n-th records of all readers together, the target's first.</summary>
    private IEnumerable<IDocumentRecord[]> ReadTogether(string split)
    {
        IDocumentReader[] readers = Readers;
        IEnumerator<IDocumentRecord>[] files = [.. readers.Select(r => r.Read(split).GetEnumerator())];
        try
        {
            long taken = 0;
            for (long row = 0; Selection.Limit == 0 || taken < Selection.Limit; row++)
            {
                bool[] more = [.. files.Select(static f => f.MoveNext())];
                if (Array.TrueForAll(more, static m => !m))
                    yield break;
                int ended = Array.IndexOf(more, false);
                if (ended >= 0)
                {
                    throw new AlignmentDataException(
                        $"{readers[ended].Path}: ends after {row} documents, {readers[Array.IndexOf(more, true)].Path} has more; give the same documents in every file.");
                }

                if (!Selection.Takes(split, row, files[0].Current))
                    continue;
                taken++;
                yield return [.. files.Select(static f => f.Current)];
            }
        }
        finally
        {
            foreach (IEnumerator<IDocumentRecord> file in files)
                file.Dispose();
        }
    }

    /// <summary>Sources by corpus bits per UTF-8 byte, best first, ties by listing (SPEC A3.5); listing order where the input holds no cross-entropies.</summary>
    private int[] OrderByBitsPerByte(in AlignmentOptions options, CancellationToken cancellation)
    {
        int[] listed = [.. Enumerable.Range(0, Sources.Count)];
        if (listed.Length == 1 || options.Output == OutputUnit.Official)
            return listed;
        double[] bits = new double[listed.Length];
        long bytes = 0, unscored = 0;
        foreach (IDocumentRecord[] records in ReadTogether())
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                TokenizedDocument target = records[0].Parse();
                double?[] all = [.. records.Skip(1).Select(static r => SourceScores.BitsOf(r.Parse()))];
                if (Array.Exists(all, static b => b is null))
                {
                    Notice?.Invoke("the input holds no label cross-entropies (metric_ce or per_step_metric_ce): sources are taken in the order given.");
                    return listed;
                }

                if (!target.Ids.All(Target.HasToken))
                    continue; // reported where the document is aligned
                if (!Array.TrueForAll(all, static b => double.IsFinite(b!.Value)))
                {
                    unscored++;
                    continue;
                }

                bytes += DocumentSpans.Of(target, Target).TextLength;
                for (int s = 0; s < bits.Length; s++)
                    bits[s] += all[s]!.Value;
            }
            catch (AlignmentDataException e) when (OnError == OnError.Quarantine || e.Document is not null)
            {
                // Reported, with its line and its reason, where the document is aligned.
            }
        }

        int[] order = [.. listed.OrderBy(s => bits[s])];
        Notice?.Invoke("source order by bits per byte: " + string.Join(", ", order.Select(s => $"{Sources[s].Name} {bits[s] / Math.Max(1, bytes):F3}"))
            + (unscored == 0 ? "." : $", without {unscored} document{(unscored == 1 ? "" : "s")} whose cross-entropies are not finite."));
        return order;
    }

    private sealed record Result(
        TokenizedDocument? Target, TokenizedDocument[]? Sources, FusedDocument? Fused, AlignmentRunReport Report, AlignmentDataException? Error);
}
