using System.Buffers;
using System.IO.Compression;
using PtaKernels.Alignment;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parquet;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Export;

/// <summary>A store of aligned documents in the forms that <c>pta align</c> also writes itself: a dataset folder, Parquet or JSON lines, by the output's name.</summary>
/// <remarks>
/// The target's own candidates are in the target's store, which is read beside this one; output <c>official</c> needs them, as the official packing does. Values
/// are what the store keeps, float16 unless it was made otherwise; probabilities are scaled to sum to 1 with their missing mass.
/// </remarks>
public sealed class AlignedExport
{
    /// <summary>The aligned documents.</summary>
    public required StoreReader Input { get; init; }

    /// <summary>The store that the target's documents were read from; null leaves its candidates out.</summary>
    public StoreReader? Target { get; init; }

    /// <summary>The output's final name.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether an existing output may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Told now and then: documents written, share of the work done.</summary>
    public Action<long, double>? Progress { get; init; }

    private bool IsOfficial => Input.Header.Unit == OutputUnit.Official;

    /// <summary>Writes the output.</summary>
    /// <exception cref="AlignmentDataException">The stores do not belong together, or the output exists; nothing is written under a final name.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under a final name.</exception>
    public ExportReport Run(CancellationToken cancellation)
    {
        if (Target is null && IsOfficial)
            throw new AlignmentDataException($"{Input.Path}: output official has the target's own candidates beside the sources'; name the target's store with --target.");
        Target?.Header.Tokenizer.Require(Target.Path, Input.Header.Tokenizer, "name the store that the target's documents were read from");
        if (OutputPath.EndsWith(".jsonl", StringComparison.Ordinal) || OutputPath.EndsWith(".jsonl.gz", StringComparison.Ordinal))
            return WriteLines(cancellation);
        return WriteTables(cancellation);
    }

    private ExportReport WriteLines(CancellationToken cancellation)
    {
        using var file = new AtomicFile(OutputPath, Replace);
        using Stream stream = OutputPath.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file.Stream, CompressionLevel.Fastest, leaveOpen: true) : new BufferedStream(file.Stream, 1 << 16);
        var line = new ArrayBufferWriter<byte>();
        var report = new ExportReport(0, 0);
        foreach (string split in Input.Splits)
        {
            foreach ((StoreRecord record, OutputRow row) in Rows(split, cancellation))
            {
                line.ResetWrittenCount();
                FusedJson.WriteLine(line, row.Target, row.Sources, row.Fused!);
                stream.Write(line.WrittenSpan);
                report = Count(report, row, record);
            }
        }

        stream.Flush();
        if (stream is GZipStream)
            stream.Dispose(); // writes the end of the gzip stream
        file.Commit();
        return report;
    }

    private ExportReport WriteTables(CancellationToken cancellation)
    {
        bool parquet = OutputPath.EndsWith(ParquetDocuments.Extension, StringComparison.Ordinal);
        IReadOnlyList<string>? parts = Input.Splits.Count > 1 || (!parquet && Input.Splits[0].Length > 0) ? Input.Splits : null;
        string[] inputs = Target is null ? [Input.Path] : [Input.Path, Target.Path];
        using TableOutput output = parquet ? new ParquetTables(OutputPath, Replace, parts) : new FolderTables(OutputPath, Replace, inputs, parts);
        var rows = new TableRows(output);
        var report = new ExportReport(0, 0);
        foreach (string split in Input.Splits)
        {
            OutputColumn[] columns = ColumnsOf(split);
            rows.Begin(split.Length == 0 ? "train" : split, columns, Features.Of(columns.Select(static c => c.Field), Input.Path, static _ => null));
            foreach ((StoreRecord record, OutputRow row) in Rows(split, cancellation))
            {
                rows.Add(row);
                report = Count(report, row, record);
            }

            rows.End();
        }

        output.Commit();
        return report;
    }

    private OutputColumn[] ColumnsOf(string split)
    {
        HashSet<string> present = new(StringComparer.Ordinal);
        bool[] means = new bool[Input.Header.Sources!.Count];
        foreach (IDocumentRecord any in Input.Read(split))
        {
            var record = (StoreRecord)any;
            AlignedRow row = record.Aligned();
            if (row.Id != record.DefaultId)
                present.Add(TextDocument.IdField);
            for (int s = 0; s < row.MeanCrossEntropy.Length && IsOfficial; s++)
                means[s] |= row.MeanCrossEntropy[s] is not null;
        }

        OutputColumn[] own;
        if (Target is null)
        {
            own = [.. ExportColumns.Of(present, ExportValues.Auto).Where(static c => c.Field.Name is not (DocumentColumns.Logits or DocumentColumns.Indices))];
        }
        else
        {
            foreach (IDocumentRecord record in Target.Read(split))
                present.UnionWith(ExportColumns.PresentIn(record.Parse(), record));
            if (IsOfficial)
                present.Remove(DocumentColumns.CrossEntropy); // whose name the official packing takes for a document's metric
            own = StoreExportColumns.Of(Target, present, ExportValues.Auto);
        }

        return [.. own, .. IsOfficial ? Enumerable.Range(0, means.Length).SelectMany(s => OutputColumns.PerSource(s, means[s])) : OutputColumns.Merged()];
    }

    /// <summary>The aligned documents of a split with the target's rows that they were made from.</summary>
    private IEnumerable<(StoreRecord Record, OutputRow Row)> Rows(string split, CancellationToken cancellation)
    {
        using IEnumerator<IDocumentRecord>? targets = Target?.Read(split).GetEnumerator();
        long at = -1;
        foreach (IDocumentRecord any in Input.Read(split))
        {
            cancellation.ThrowIfCancellationRequested();
            var record = (StoreRecord)any;
            AlignedRow row = record.Aligned();
            StoreRecord? own = null;
            TokenizedDocument? document = null;
            if (targets is not null)
            {
                long number = row.Number ?? throw new AlignmentDataException($"{record.Where}: does not say which document of the target it is; it was aligned from files without numbers.");
                while (at < number && targets.MoveNext())
                    at++;
                own = at == number ? (StoreRecord)targets.Current : null;
                document = own?.Parse();
                if (document is null || !document.Ids.AsSpan().SequenceEqual(row.Ids))
                    throw new AlignmentDataException($"{record.Where}: document {number} of {Target!.Path} has other tokens; name the store that the target's documents were read from.");
            }

            document ??= new TokenizedDocument { Id = row.Id, Ids = row.Ids, Candidates = new TopKLogits([], [], 1) };
            TokenizedDocument[] sources = [.. row.MeanCrossEntropy.Select(mean => new TokenizedDocument { Id = row.Id, Ids = [], Candidates = new TopKLogits([], [], 1), MeanCrossEntropy = mean })];
            var fused = new FusedDocument(row.Groups, IsOfficial ? null : row.Groups[0]);
            yield return (record, new OutputRow(own, document, sources, fused) { Name = row.Id == record.DefaultId ? null : row.Id });
        }
    }

    private ExportReport Count(ExportReport report, in OutputRow row, StoreRecord record)
    {
        report = new ExportReport(report.Documents + 1, report.Tokens + row.Target.Length);
        if (report.Documents % 64 == 0)
            Progress?.Invoke(report.Documents, record.Share);
        return report;
    }
}
