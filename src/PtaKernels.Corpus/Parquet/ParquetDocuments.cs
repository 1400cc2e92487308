using System.Text.Json;
using Apache.Arrow;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Parquet;

/// <summary>One model's documents in Parquet: a file, or a folder of <c>*.parquet</c> files in ordinal order of their names, all of the same columns.</summary>
/// <remarks>
/// The columns are those of a <see cref="DatasetFolder"/>: <c>input_ids</c>, <c>per_step_logits</c>, <c>per_step_indices</c>, optionally <c>metric_ce</c>,
/// <c>per_step_metric_ce</c>, <c>per_step_lse</c>, <c>byte_offsets</c>, <c>id</c>; any other is left alone. A document without <c>id</c> goes by <c>row N</c>, from 0
/// over all files. About 8 MB of rows are in memory at a time.
/// </remarks>
public sealed class ParquetDocuments : IDocumentReader, IColumnReader, IColumnSplit
{
    internal const string Extension = ".parquet";

    private readonly ParquetShard[] _files;

    /// <summary>Opens the files: their footers and columns.</summary>
    /// <exception cref="AlignmentDataException">There is no such file, or one is cut off, damaged or of other columns.</exception>
    public ParquetDocuments(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        _files = [.. (Directory.Exists(path) ? FilesOf(path) : [path]).Select(static f => new ParquetShard(f))];
        if (_files.Length == 0)
            throw new AlignmentDataException($"{path}: has no file *{Extension}; name a folder that does, or one file.");
        foreach (ParquetShard file in _files)
        {
            DocumentColumns.Require(file);
            if (!Describe(file).SequenceEqual(Describe(_files[0])))
                throw new AlignmentDataException($"{file.Path}: its columns differ from those of {_files[0].Path}; write the files again, or name one of them.");
        }
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string Kind => "Parquet file";

    /// <inheritdoc/>
    public IReadOnlyList<string> Splits { get; } = [""];

    /// <inheritdoc/>
    string IColumnSplit.Name => "";

    /// <inheritdoc/>
    string IColumnSplit.FirstFile => _files[0].Path;

    /// <inheritdoc/>
    IReadOnlyList<Field> IColumnSplit.Columns => _files[0].Schema.FieldsList;

    private long Rows => _files.Sum(static f => f.Rows);

    /// <summary>Whether a path is a folder of Parquet files, or a file of that name or beginning.</summary>
    public static bool IsParquet(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Directory.Exists(path) ? FilesOf(path).Any() : path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) || (File.Exists(path) && ParquetFooter.Begins(path));
    }

    /// <inheritdoc/>
    public long? CountOf(string split) => Rows;

    /// <inheritdoc/>
    public string Identity => InputIdentity.OfFiles(_files.Select(static f => f.Path));

    /// <inheritdoc/>
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0)
    {
        long before = 0, all = Rows;
        foreach (ParquetShard file in _files)
        {
            if (before + file.Rows <= first)
            {
                before += file.Rows;
                continue;
            }

            foreach (ArrowBatch batch in file.ReadBatches())
            {
                if (before + batch.FirstRow + batch.Batch.Length <= first)
                    continue;
                var columns = new DocumentColumns(file, batch);
                for (int row = (int)Math.Max(0, first - before - batch.FirstRow); row < batch.Batch.Length; row++)
                {
                    long number = before + batch.FirstRow + row;
                    yield return new FolderRecord(file, columns, "", row, number) { Share = (number + 1.0) / all };
                }
            }

            before += file.Rows;
        }
    }

    /// <inheritdoc/>
    public IDocumentWriter OpenOutput(OutputRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new DatasetFolderWriter(() => new ParquetTables(request.Path, request.Replace, null), this, [.. request.Sources.Cast<IColumnReader>()], request.Options.Output);
    }

    /// <inheritdoc/>
    IColumnSplit IColumnReader.ColumnsOf(string split) => this;

    /// <inheritdoc/>
    JsonElement? IColumnSplit.FeatureOf(string column) => null;

    private static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(folder).Where(static f => f.EndsWith(Extension, StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Describe(ParquetShard file) => file.Schema.FieldsList.Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}");
}
