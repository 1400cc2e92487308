using System.Text.Json;
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

/// <summary>Aligns JSON-lines files: one for the target, one per source, the same documents in the same order.</summary>
public sealed class JsonLinesRun
{
    /// <summary>Documents read, aligned in parallel and written in order at a time; bounds the memory, never the result.</summary>
    private const int BatchSize = 64;

    /// <summary>The target's file.</summary>
    public required string TargetPath { get; init; }

    /// <summary>The target's vocabulary.</summary>
    public required TokenVocabulary Target { get; init; }

    /// <summary>Each source's file, in listing order.</summary>
    public required IReadOnlyList<string> SourcePaths { get; init; }

    /// <summary>The sources, in listing order.</summary>
    public required IReadOnlyList<AlignmentSource> Sources { get; init; }

    /// <summary>The output file.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether an existing output may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>What happens to bad documents.</summary>
    public OnError OnError { get; init; }

    /// <summary>Indices of the sources, best first; null = by corpus bits per byte, which reads the files once more.</summary>
    public IReadOnlyList<int>? SourceOrder { get; init; }

    /// <summary>Stop after that many documents; 0 = all.</summary>
    public long Limit { get; init; }

    /// <summary>Told after every batch: target tokens so far, share of the work done.</summary>
    public Action<long, double>? Progress { get; init; }

    /// <summary>Told once for each thing that a user should know but that is no error.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>The quarantine file of an output.</summary>
    public string QuarantinePath => OutputPath + ".quarantine.jsonl";

    /// <summary>Order of the sources used by the last <see cref="Run"/>, best first.</summary>
    public IReadOnlyList<int> UsedOrder { get; private set; } = [];

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">Bad input; nothing is written under the final names.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under the final names.</exception>
    public AlignmentRunReport Run(IKernelBackend backend, AlignmentOptions options, CancellationToken cancellation)
    {
        UsedOrder = SourceOrder ?? OrderByBitsPerByte(options);
        var aligner = new DocumentAligner(backend, Sources, options, UsedOrder);
        var report = new AlignmentRunReport(Sources.Count);
        using var output = new FusedJsonLines(OutputPath, Replace);
        using AtomicFile? quarantine = OnError == OnError.Quarantine ? new AtomicFile(QuarantinePath, replace: true) : null;
        foreach (NumberedLine[][] batch in ReadTogether().Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            var results = new Result[batch.Length];
            Parallel.For(0, batch.Length, d => results[d] = AlignLine(aligner, batch[d]));
            for (int d = 0; d < results.Length; d++)
            {
                report.Add(results[d].Report);
                if (results[d].Error is { } error)
                {
                    if (quarantine is null)
                        throw error;
                    report.Quarantined++;
                    WriteQuarantine(quarantine.Stream, batch[d], error);
                    continue;
                }

                output.Write(results[d].Target!, results[d].Sources!, results[d].Fused!);
            }

            Progress?.Invoke(report.TargetTokens, ShareOf(batch[^1][0], report));
        }

        if (report.Documents + report.Quarantined == 0)
            throw new AlignmentDataException($"{TargetPath}: holds no document.");
        if (report.Quarantined > 0)
            quarantine!.Commit();
        output.Commit();
        return report;
    }

    private Result AlignLine(DocumentAligner aligner, NumberedLine[] lines)
    {
        var report = new AlignmentRunReport(Sources.Count);
        try
        {
            TokenizedDocument target = JsonLines.Parse(TargetPath, lines[0]);
            TokenizedDocument[] sources = [.. SourcePaths.Select((path, s) => JsonLines.Parse(path, lines[s + 1]))];
            for (int s = 0; s < sources.Length; s++)
                RequireSameDocument(target, lines[0], sources[s], lines[s + 1], s);
            return new Result(target, sources, aligner.Align(target, sources, report), report, null);
        }
        catch (AlignmentDataException e)
        {
            AlignmentDataException located = e.Document is null ? e : new AlignmentDataException($"{TargetPath}, line {lines[0].Number}: {e.Message}", e);
            return new Result(null, null, null, new AlignmentRunReport(Sources.Count), located);
        }
    }

    private void RequireSameDocument(TokenizedDocument target, NumberedLine targetLine, TokenizedDocument source, NumberedLine sourceLine, int index)
    {
        bool numbered = target.Id == $"line {targetLine.Number}" && source.Id == $"line {sourceLine.Number}";
        if (!numbered && target.Id != source.Id)
        {
            throw new AlignmentDataException(
                $"{SourcePaths[index]}, line {sourceLine.Number}: document {source.Id}, but {TargetPath} has {target.Id} there; give the same documents in the same order.");
        }
    }

    private double ShareOf(NumberedLine last, AlignmentRunReport report) =>
        Math.Max(last.Share, Limit == 0 ? 0 : (double)(report.Documents + report.Quarantined) / Limit);

    /// <summary>The n-th lines of all files together, the target's first.</summary>
    private IEnumerable<NumberedLine[]> ReadTogether()
    {
        string[] paths = [TargetPath, .. SourcePaths];
        IEnumerator<NumberedLine>[] files = [.. paths.Select(static p => JsonLines.ReadLines(p).GetEnumerator())];
        try
        {
            for (long read = 0; Limit == 0 || read < Limit; read++)
            {
                bool[] more = [.. files.Select(static f => f.MoveNext())];
                if (Array.TrueForAll(more, static m => !m))
                    yield break;
                int ended = Array.IndexOf(more, false);
                if (ended >= 0)
                    throw new AlignmentDataException($"{paths[ended]}: ends after {read} documents, {paths[Array.IndexOf(more, true)]} has more; give the same documents in every file.");
                yield return [.. files.Select(static f => f.Current)];
            }
        }
        finally
        {
            foreach (IEnumerator<NumberedLine> file in files)
                file.Dispose();
        }
    }

    /// <summary>Sources by corpus bits per UTF-8 byte, best first, ties by listing (SPEC A3.5); listing order where the input holds no cross-entropies.</summary>
    private int[] OrderByBitsPerByte(in AlignmentOptions options)
    {
        int[] listed = [.. Enumerable.Range(0, Sources.Count)];
        if (listed.Length == 1 || options.Output == OutputUnit.Official)
            return listed;
        double[] bits = new double[listed.Length];
        long bytes = 0, unscored = 0;
        foreach (NumberedLine[] lines in ReadTogether())
        {
            try
            {
                TokenizedDocument target = JsonLines.Parse(TargetPath, lines[0]);
                double?[] all = [.. listed.Select(s => SourceScores.BitsOf(JsonLines.Parse(SourcePaths[s], lines[s + 1])))];
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

    private static void WriteQuarantine(Stream stream, NumberedLine[] lines, AlignmentDataException error)
    {
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("line", lines[0].Number);
            json.WriteString("reason", error.Message);
            json.WriteString("target", lines[0].Text);
            json.WriteStartArray("sources");
            foreach (NumberedLine line in lines[1..])
                json.WriteStringValue(line.Text);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private sealed record Result(
        TokenizedDocument? Target, TokenizedDocument[]? Sources, FusedDocument? Fused, AlignmentRunReport Report, AlignmentDataException? Error);
}
