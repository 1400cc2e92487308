using System.Text.Encodings.Web;
using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>Documents that were set aside, one JSON line each: place, reason, and what is kept of every model's record. Without any, no file appears.</summary>
internal sealed class QuarantineFile(string path) : IDisposable
{
    private readonly AtomicFile _file = new(path, replace: true);
    private bool _any;

    /// <summary>The line of a document.</summary>
    /// <param name="records">Every model's record, the target's first.</param>
    /// <param name="error">Why it was set aside.</param>
    public static byte[] LineOf(IDocumentRecord[] records, AlignmentDataException error)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
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

        line.WriteByte((byte)'\n');
        return line.ToArray();
    }

    /// <summary>Writes a line.</summary>
    public void Write(byte[] line)
    {
        _any = true;
        _file.Stream.Write(line);
    }

    /// <summary>Publishes the file, if anything was written.</summary>
    public void Commit()
    {
        if (_any)
            _file.Commit();
    }

    public void Dispose() => _file.Dispose();
}
