using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Export;

/// <summary>Documents as lines that <see cref="JsonLines"/> reads, one file.</summary>
internal sealed class DocumentLines : IDisposable
{
    private readonly AtomicFile _file;
    private readonly Stream _stream;
    private readonly Utf8JsonWriter _json;

    /// <summary>Opens the file; a name ending in <c>.gz</c> is compressed.</summary>
    public DocumentLines(string path, bool replace)
    {
        _file = new AtomicFile(path, replace);
        _stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(_file.Stream, CompressionLevel.Optimal, leaveOpen: true) : new BufferedStream(_file.Stream, 1 << 16);
        _json = new Utf8JsonWriter(_stream);
    }

    /// <summary>Columns of an input that lines hold: single texts, numbers and truth values.</summary>
    public static Field[] Kept(IColumnSplit? input) =>
    [
        .. (input?.Columns ?? []).Where(static f => !ExportColumns.IsMade(f) && f.Name is not (ExportColumns.Mask or ExportColumns.Labels or TextDocument.IdField)
            && f.DataType.TypeId is ArrowTypeId.String or ArrowTypeId.LargeString or ArrowTypeId.Boolean
                or ArrowTypeId.Int8 or ArrowTypeId.Int16 or ArrowTypeId.Int32 or ArrowTypeId.Int64 or ArrowTypeId.UInt8 or ArrowTypeId.UInt16 or ArrowTypeId.UInt32 or ArrowTypeId.UInt64
                or ArrowTypeId.HalfFloat or ArrowTypeId.Float or ArrowTypeId.Double),
    ];

    /// <summary>Writes one document.</summary>
    public void Write(IDocumentRecord record, TokenizedDocument document, string? name, Field[] kept)
    {
        _json.Reset();
        _json.WriteStartObject();
        if (name is not null)
            _json.WriteString(TextDocument.IdField, name);
        foreach (Field field in kept)
            WriteKept(field, record.ValueOf(field.Name));
        _json.WriteIntegers(DocumentColumns.Ids, document.Ids);
        _json.WriteRows(DocumentColumns.Logits, document.Length, t => document.Candidates.ValuesOf(t));
        _json.WriteRows(DocumentColumns.Indices, document.Length, t => document.Candidates.IndicesOf(t));
        if (document.MeanCrossEntropy is { } mean)
            _json.WriteValue(DocumentColumns.MeanCrossEntropy, mean);
        _json.WriteNumbers(DocumentColumns.CrossEntropy, document.LabelCrossEntropy);
        _json.WriteNumbers(DocumentColumns.LogSumExp, document.LogSumExp);
        if (document.Spans is { } spans)
            _json.WriteRows(DocumentColumns.Offsets, spans.Length, t => new[] { spans[t].Start, spans[t].End });
        _json.WriteEndObject();
        _json.Flush();
        _stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes all that is left.</summary>
    public void End()
    {
        _json.Dispose();
        if (_stream is GZipStream)
            _stream.Dispose(); // writes the end of the gzip stream
        else
            _stream.Flush();
    }

    /// <summary>Publishes the file.</summary>
    public void Commit() => _file.Commit();

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose(); // a second call does nothing
        _file.Dispose();
    }

    private void WriteKept(Field field, string? value)
    {
        _json.WritePropertyName(field.Name);
        if (value is null)
            _json.WriteNullValue();
        else if (field.DataType is BooleanType)
            _json.WriteBooleanValue(value == bool.TrueString);
        else if (field.DataType is StringType or LargeStringType || !double.IsFinite(double.Parse(value, CultureInfo.InvariantCulture)))
            _json.WriteStringValue(value);
        else
            _json.WriteRawValue(value);
    }
}
