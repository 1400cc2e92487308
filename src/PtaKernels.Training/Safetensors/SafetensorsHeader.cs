using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PtaKernels.Training.Safetensors;

/// <summary>The header of a safetensors file: what its bytes are.</summary>
/// <remarks>The file is its header's length (8 bytes, little-endian), the header (JSON, padded with spaces), the tensors without gaps.</remarks>
internal sealed class SafetensorsHeader
{
    /// <summary>Longest header that readers of the format accept.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>Bytes before the header.</summary>
    public const int LengthBytes = 8;

    private const string MetadataName = "__metadata__";
    private const int Alignment = 8;

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A header.</summary>
    /// <param name="metadata">Texts by name, in the file's order; null where the file has none.</param>
    /// <param name="entries">The tensors, in the file's order.</param>
    public SafetensorsHeader(IReadOnlyList<KeyValuePair<string, string>>? metadata, IReadOnlyList<SafetensorsEntry> entries)
    {
        Metadata = metadata;
        Entries = entries;
    }

    /// <summary>Texts by name, in the file's order; null where the file has none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Metadata { get; }

    /// <summary>The tensors, in the header's order, which need not be that of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>Bytes of all tensors.</summary>
    public long DataLength => Entries.Sum(static e => e.Length);

    /// <summary>Reads and checks a header.</summary>
    /// <param name="path">Named in errors.</param>
    /// <param name="json">The header.</param>
    /// <param name="dataLength">Bytes of the file after it.</param>
    /// <exception cref="AlignmentDataException">It is not a header, or not of these bytes.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataLength)
    {
        List<KeyValuePair<string, string>>? metadata = null;
        List<SafetensorsEntry> entries = [];
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            Expect(path, ref reader, JsonTokenType.StartObject, "the header");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                if (name == MetadataName)
                    metadata = ParseMetadata(path, ref reader);
                else
                    entries.Add(ParseEntry(path, name, ref reader));
            }

            while (reader.Read())
            {
                // Only to see that nothing but spaces follows.
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new AlignmentDataException($"{path}: its header is not JSON; it is no safetensors file or is damaged, copy it again.", e);
        }

        Check(path, entries, dataLength);
        return new SafetensorsHeader(metadata, entries);
    }

    /// <summary>The header's bytes with their length before them.</summary>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            if (Metadata is not null)
            {
                json.WriteStartObject(MetadataName);
                foreach ((string name, string text) in Metadata)
                    json.WriteString(name, text);
                json.WriteEndObject();
            }

            foreach (SafetensorsEntry entry in Entries)
                WriteEntry(json, entry);
            json.WriteEndObject();
        }

        int padded = (buffer.WrittenCount + Alignment - 1) / Alignment * Alignment;
        byte[] bytes = new byte[LengthBytes + padded];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, padded);
        bytes.AsSpan(LengthBytes).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(bytes.AsSpan(LengthBytes));
        return bytes;
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Type);
        json.WriteStartArray("shape");
        foreach (long extent in entry.Shape)
            json.WriteNumberValue(extent);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(entry.Begin);
        json.WriteNumberValue(entry.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static List<KeyValuePair<string, string>> ParseMetadata(string path, ref Utf8JsonReader reader)
    {
        Expect(path, ref reader, JsonTokenType.StartObject, MetadataName);
        List<KeyValuePair<string, string>> metadata = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            Expect(path, ref reader, JsonTokenType.String, $"{MetadataName}.{name}");
            metadata.Add(new(name, reader.GetString()!));
        }

        return metadata;
    }

    private static SafetensorsEntry ParseEntry(string path, string name, ref Utf8JsonReader reader)
    {
        Expect(path, ref reader, JsonTokenType.StartObject, name);
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string part = reader.GetString()!;
            reader.Read();
            switch (part)
            {
                case "dtype":
                    Expect(path, ref reader, JsonTokenType.String, $"{name}.dtype");
                    type = reader.GetString();
                    break;
                case "shape":
                    shape = ParseNumbers(path, $"{name}.shape", ref reader);
                    break;
                case "data_offsets":
                    offsets = ParseNumbers(path, $"{name}.data_offsets", ref reader);
                    break;
                default:
                    throw new AlignmentDataException($"{path}: its header says '{part}' of tensor '{name}', which the safetensors format does not have; save it again with the safetensors library.");
            }
        }

        if (type is null || shape is null || offsets is not { Length: 2 })
            throw new AlignmentDataException($"{path}: tensor '{name}' lacks dtype, shape or two data_offsets in the header; the file is damaged, copy it again.");
        if (SafetensorsType.Size(type) == 0)
            throw new AlignmentDataException($"{path}: tensor '{name}' has the unknown type {type}; save the checkpoint as bfloat16, float16 or float32.");
        return new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    private static long[] ParseNumbers(string path, string what, ref Utf8JsonReader reader)
    {
        Expect(path, ref reader, JsonTokenType.StartArray, what);
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw new AlignmentDataException($"{path}: {what} in the header is no list of whole numbers; the file is damaged, copy it again.");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void Expect(string path, ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (reader.TokenType != type)
            throw new AlignmentDataException($"{path}: {what} in the header is a {reader.TokenType} where a {type} belongs; it is no safetensors file or is damaged, copy it again.");
    }

    /// <summary>Sizes match shapes; the tensors lie side by side, without gap or overlap, and fill the file.</summary>
    private static void Check(string path, List<SafetensorsEntry> entries, long dataLength)
    {
        HashSet<string> names = [];
        foreach (SafetensorsEntry entry in entries)
        {
            if (!names.Add(entry.Name))
                throw new AlignmentDataException($"{path}: tensor '{entry.Name}' is in the header twice; save the checkpoint again.");
            if (entry.Begin > entry.End || !SizeOf(entry, out long bytes) || bytes != entry.Length)
                throw new AlignmentDataException($"{path}: tensor '{entry.Name}' of type {entry.Type} and shape {entry.ShapeText} does not take the bytes {entry.Begin} to {entry.End}; the file is damaged, copy it again.");
        }

        long end = entries.Count == 0 ? 0 : entries.Max(static e => e.End);
        if (end > dataLength)
            throw new AlignmentDataException($"{path}: it is cut short, its tensors need {end} bytes and {dataLength} are there; copy it again.");
        long expected = 0;
        foreach (SafetensorsEntry entry in entries.OrderBy(static e => e.Begin).ThenBy(static e => e.End))
        {
            if (entry.Begin != expected)
                throw new AlignmentDataException($"{path}: tensor '{entry.Name}' starts at byte {entry.Begin} where {expected} was expected, so tensors overlap or leave a gap; save the checkpoint again.");
            expected = entry.End;
        }

        if (expected != dataLength)
            throw new AlignmentDataException($"{path}: {dataLength - expected} bytes at its end belong to no tensor; the file is damaged, copy it again.");
    }

    private static bool SizeOf(SafetensorsEntry entry, out long bytes)
    {
        bytes = SafetensorsType.Size(entry.Type);
        foreach (long extent in entry.Shape)
        {
            Int128 product = (Int128)bytes * extent;
            if (product > long.MaxValue)
                return false;
            bytes = (long)product;
        }

        return true;
    }
}
