using Apache.Arrow;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parquet;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Export;

/// <summary>How values of <c>per_step_logits</c> are stored.</summary>
public enum ExportValues
{
    /// <summary>As the input stores them; where it has no such column, float16, and a value that is none is refused.</summary>
    Auto,

    /// <summary>The nearest float16.</summary>
    Float16,

    /// <summary>The nearest float32.</summary>
    Float32,

    /// <summary>As they are.</summary>
    Float64,
}

/// <summary>What an export wrote.</summary>
/// <param name="Documents">Documents.</param>
/// <param name="Tokens">Their tokens.</param>
public sealed record ExportReport(long Documents, long Tokens);

/// <summary>
/// One model's documents in another form, by the output's name: <c>.parquet</c>, <c>.jsonl</c> or <c>.jsonl.gz</c>, else a dataset folder that
/// <c>load_from_disk</c> reads.
/// </summary>
/// <remarks>
/// <para>
/// Folders and Parquet have the columns of the official step 2, trimmed to each document's length: <c>id</c> where documents have names, <c>input_ids</c> int32,
/// <c>attention_mask</c> int8 (ones), <c>labels</c> int64 (the ids), <c>per_step_logits</c> (<see cref="ExportValues"/>), <c>per_step_indices</c> int64, and where the
/// input has them <c>metric_ce</c>, <c>per_step_metric_ce</c> and <c>per_step_lse</c> (of the input's type, else float64) and <c>byte_offsets</c> int32. Other columns of
/// an input with columns are copied as they are, its own <c>attention_mask</c> and <c>labels</c> too; columns keep their order. JSON lines have the fields of <see cref="JsonLines"/>, and
/// those other columns that are a single text, number or truth value.
/// </para>
/// <para>
/// Named splits become a DatasetDict; several become one Parquet or JSON-lines file each, called <c>NAME-SPLIT</c>. Nothing appears under a final name before
/// all is written. An input without columns is read twice: which optional columns its documents have must be known first.
/// </para>
/// </remarks>
public sealed class TeacherExport
{
    private const int Together = 64;

    private static readonly string[] LineNames = [".jsonl", ".jsonl.gz"];

    /// <summary>The documents.</summary>
    public required IDocumentReader Input { get; init; }

    /// <summary>The output's final name.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether an existing output may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>How values are stored in folders and Parquet; JSON lines hold them as they are.</summary>
    public ExportValues Values { get; init; }

    /// <summary>Told now and then: documents written, share of the work done.</summary>
    public Action<long, double>? Progress { get; init; }

    private bool IsLines => LineNames.Any(n => OutputPath.EndsWith(n, StringComparison.Ordinal));

    private bool IsParquet => OutputPath.EndsWith(ParquetDocuments.Extension, StringComparison.Ordinal);

    /// <summary>Names of the splits where the output has parts, else null.</summary>
    private IReadOnlyList<string>? Parts => Input.Splits.Count > 1 || (!IsLines && !IsParquet && (Input is DatasetFolder folder ? folder.IsDict : Input.Splits[0].Length > 0)) ? Input.Splits : null;

    /// <summary>Writes the output.</summary>
    /// <exception cref="AlignmentDataException">Bad input, a value that the asked type does not hold, or an output that exists; nothing is written under a final name.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under a final name.</exception>
    public ExportReport Run(CancellationToken cancellation)
    {
        foreach (string file in FilesOf())
        {
            if (Path.GetFullPath(file) == Path.GetFullPath(Input.Path))
                throw new AlignmentDataException($"{file}: is the input; name another output.");
        }

        return IsLines ? WriteLines(cancellation) : WriteTables(cancellation);
    }

    /// <summary>The file of a split: the name, or with several splits the name with the split's before its extension.</summary>
    internal static string FileOf(string path, string split)
    {
        string name = Path.GetFileName(path);
        string extension = LineNames.Append(ParquetDocuments.Extension).FirstOrDefault(e => name.EndsWith(e, StringComparison.Ordinal)) ?? "";
        return Path.Combine(Path.GetDirectoryName(path) ?? "", $"{name[..^extension.Length]}-{split}{extension}");
    }

    private IEnumerable<string> FilesOf() => Parts is { } parts && (IsLines || IsParquet) ? parts.Select(s => FileOf(OutputPath, s)) : [OutputPath];

    private ExportReport WriteTables(CancellationToken cancellation)
    {
        // What cannot be written is refused before the output is made; without columns the documents are read for that.
        var plans = Input.Splits.ToDictionary(static s => s, s => PlanOf(s, cancellation), StringComparer.Ordinal);
        using TableOutput output = IsParquet
            ? new ParquetTables(OutputPath, Replace, Parts)
            : new FolderTables(OutputPath, Replace, [Input.Path], Parts);
        var rows = new TableRows(output);
        var report = new ExportReport(0, 0);
        foreach (string split in Input.Splits)
        {
            rows.Begin(split.Length == 0 ? "train" : split, plans[split].Columns, plans[split].Features);
            foreach ((IDocumentRecord record, TokenizedDocument document) in Documents(split, cancellation))
            {
                try
                {
                    rows.Add(new OutputRow(record as IColumnRecord, document, [], null) { Name = NameOf(document, record) });
                }
                catch (InvalidDataException e)
                {
                    throw new AlignmentDataException($"{record.Where}, column {e.Message}.", e);
                }

                report = Count(report, document, record);
            }

            rows.End();
        }

        output.Commit();
        return report;
    }

    private ExportReport WriteLines(CancellationToken cancellation)
    {
        var report = new ExportReport(0, 0);
        List<DocumentLines> files = [];
        try
        {
            foreach (string file in FilesOf())
                files.Add(new DocumentLines(file, Replace));
            for (int s = 0; s < Input.Splits.Count; s++)
            {
                Field[] kept = DocumentLines.Kept((Input as IColumnReader)?.ColumnsOf(Input.Splits[s]));
                foreach ((IDocumentRecord record, TokenizedDocument document) in Documents(Input.Splits[s], cancellation))
                {
                    files[s].Write(record, document, NameOf(document, record), kept);
                    report = Count(report, document, record);
                }

                files[s].End();
            }

            files.ForEach(static f => f.Commit());
            return report;
        }
        finally
        {
            files.ForEach(static f => f.Dispose());
        }
    }

    private ExportReport Count(ExportReport report, TokenizedDocument document, IDocumentRecord record)
    {
        report = new ExportReport(report.Documents + 1, report.Tokens + document.Length);
        if (report.Documents % Together == 0)
            Progress?.Invoke(report.Documents, record.Share);
        return report;
    }

    private static string? NameOf(TokenizedDocument document, IDocumentRecord record) => document.Id == record.DefaultId ? null : document.Id;

    private (OutputColumn[] Columns, byte[] Features) PlanOf(string split, CancellationToken cancellation)
    {
        IColumnSplit? input = (Input as IColumnReader)?.ColumnsOf(split);
        OutputColumn[] columns;
        if (input is not null)
        {
            columns = ExportColumns.Of(input, Values);
        }
        else
        {
            HashSet<string> present = new(StringComparer.Ordinal);
            foreach ((IDocumentRecord record, TokenizedDocument document) in Documents(split, cancellation))
                present.UnionWith(ExportColumns.PresentIn(document, record));
            columns = Input is StoreReader store ? StoreExportColumns.Of(store, present, Values) : ExportColumns.Of(present, Values);
        }

        HashSet<string> copied = [.. columns.OfType<CopiedColumn>().Select(static c => c.Field.Name)];
        return (columns, Features.Of(columns.Select(static c => c.Field), input?.FirstFile ?? Input.Path, name => copied.Contains(name) ? input?.FeatureOf(name) : null));
    }

    /// <summary>The documents in order, parsed some at a time.</summary>
    private IEnumerable<(IDocumentRecord Record, TokenizedDocument Document)> Documents(string split, CancellationToken cancellation)
    {
        foreach (IDocumentRecord[] batch in Input.Read(split).Chunk(Together))
        {
            cancellation.ThrowIfCancellationRequested();
            TokenizedDocument[] documents = InParallel.Map(batch, static r => r.Parse());
            for (int d = 0; d < batch.Length; d++)
                yield return (batch[d], documents[d]);
        }
    }
}
