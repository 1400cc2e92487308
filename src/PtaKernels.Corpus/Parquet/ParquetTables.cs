using Apache.Arrow;
using ParquetSharp;
using ParquetSharp.Arrow;
using PtaKernels.Corpus.Export;
using PtaKernels.Corpus.Folders;
using Field = Apache.Arrow.Field;
using Schema = Apache.Arrow.Schema;

namespace PtaKernels.Corpus.Parquet;

/// <summary>One Parquet file per split: zstd, a row group per record batch, page checksums, and the Arrow schema, so that every type comes back as it was.</summary>
internal sealed class ParquetTables : TableOutput
{
    private readonly string _path;
    private readonly bool _replace;
    private readonly IReadOnlyList<string>? _splits;
    private readonly Dictionary<string, AtomicFile> _files = new(StringComparer.Ordinal);
    private Schema? _schema;
    private FileWriter? _writer;

    /// <summary>Checks that the names may be taken.</summary>
    /// <param name="path">The final name.</param>
    /// <param name="replace">Whether files of that name may be replaced.</param>
    /// <param name="splits">Names of several splits, whose files are called <c>NAME-SPLIT.parquet</c>; null for one file of exactly that name.</param>
    /// <exception cref="AlignmentDataException">A file exists and may not be replaced, or its folder does not.</exception>
    public ParquetTables(string path, bool replace, IReadOnlyList<string>? splits)
    {
        (_path, _replace, _splits) = (path, replace, splits);
        try
        {
            foreach (string split in splits ?? [""])
                _files[split] = new AtomicFile(splits is null ? path : TeacherExport.FileOf(path, split), replace);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Begin(string split, IReadOnlyList<Field> fields, byte[] features)
    {
        using var builder = new WriterPropertiesBuilder();
        builder.Compression(Compression.Zstd).EnablePageChecksum();
        using WriterProperties properties = builder.Build();
        using var arrowBuilder = new ArrowWriterPropertiesBuilder();
        arrowBuilder.StoreSchema().UseThreads(false);
        using ArrowWriterProperties arrow = arrowBuilder.Build();
        _schema = DatasetFiles.SchemaOf(fields, features);
        _writer = new FileWriter(_files[_splits is null ? "" : split].Stream, _schema, properties, arrow, leaveOpen: true);
    }

    /// <inheritdoc/>
    public override void Write(ArrayData[] columns, int rows)
    {
        using var batch = new RecordBatch(_schema!, columns.Select(ArrowArrayFactory.BuildArray), rows);
        _writer!.WriteRecordBatch(batch, rows);
    }

    /// <inheritdoc/>
    public override void End()
    {
        _writer!.Close();
        _writer.Dispose();
        _writer = null;
    }

    /// <inheritdoc/>
    public override void Commit()
    {
        foreach (AtomicFile file in _files.Values)
            file.Commit();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _writer?.Dispose();
        _writer = null;
        foreach (AtomicFile file in _files.Values)
            file.Dispose();
    }
}
