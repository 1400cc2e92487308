using System.Text.Encodings.Web;
using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>Documents that were set aside, one JSON line each: place, reason, and what is kept of every model's record. Without any, no file appears.</summary>
internal sealed class QuarantineFile(string path) : IDisposable
{
    private readonly AtomicFile _file = new(path, replace: true);
    private bool _any;

    public void Write(IDocumentRecord[] records, AlignmentDataException error)
    {
        _any = true;
        using (var json = new Utf8JsonWriter(_file.Stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            records[0].WriteKey(json);
            json.WriteString("reason", error.Message);
            json.WriteString("target", records[0].Evidence);
            json.WriteStartArray("sources");
            foreach (IDocumentRecord record in records[1..])
                json.WriteStringValue(record.Evidence);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        _file.Stream.WriteByte((byte)'\n');
    }

    public void Commit()
    {
        if (_any)
            _file.Commit();
    }

    public void Dispose() => _file.Dispose();
}
