using System.Text.Json;

namespace PtaKernels.Corpus.Texts;

/// <summary>Text documents as JSON lines.</summary>
internal static class LineTexts
{
    /// <summary>Reads documents of a file; see <see cref="TextDocument.Read"/>.</summary>
    public static IEnumerable<TextDocument> Read(string path, string? domainField, bool keepFields, long first, long count) =>
        Ranges.Of(JsonLines.ReadLines(path), first, count).Select(line => Parse($"{path}, line {line.Number}", line, domainField, keepFields));

    private static TextDocument Parse(string where, NumberedLine line, string? domainField, bool keepFields)
    {
        try
        {
            string text = PythonJson.Quote(line.Text);
            using JsonDocument json = JsonDocument.Parse(text);
            JsonElement root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(TextDocument.TextField, out JsonElement own) || own.ValueKind != JsonValueKind.String)
                throw new AlignmentDataException($"{where}: has no string {TextDocument.TextField}; each document needs one.");
            string id = root.TryGetProperty(TextDocument.IdField, out JsonElement given) ? given.ToString() : JsonLines.DefaultIdOf(line);
            return new TextDocument(id, domainField is null ? "" : DomainOf(root, domainField, where), own.GetString()!, where, line.Share)
            {
                Fields = keepFields ? FieldsOf(root, quoted: text != line.Text) : [],
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new AlignmentDataException($"{where}: not whole JSON with a string {TextDocument.TextField}; make the file again.", e);
        }
    }

    /// <summary>The string fields; not what became a string only because JSON has no such number.</summary>
    private static KeyValuePair<string, string>[] FieldsOf(JsonElement root, bool quoted) =>
    [
        .. root.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.String && p.Name is not (TextDocument.TextField or TextDocument.IdField))
            .Select(static p => KeyValuePair.Create(p.Name, p.Value.GetString()!)).Where(f => !quoted || f.Value is not ("NaN" or "Infinity" or "-Infinity")),
    ];

    private static string DomainOf(JsonElement root, string field, string where) =>
        root.TryGetProperty(field, out JsonElement value) && value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object)
            ? value.ToString()
            : throw new AlignmentDataException($"{where}: has no field {field} with one value; name another one.");
}
