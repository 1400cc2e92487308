using System.Text.Json;

namespace PtaKernels.Corpus.Texts;

/// <summary>Text documents as JSON lines.</summary>
internal static class LineTexts
{
    /// <summary>Reads a file; see <see cref="TextDocument.Read"/>.</summary>
    public static IEnumerable<TextDocument> Read(string path, string? domainField, bool keepFields) =>
        JsonLines.ReadLines(path).Select(line => Parse($"{path}, line {line.Number}", line, domainField, keepFields));

    private static TextDocument Parse(string where, NumberedLine line, string? domainField, bool keepFields)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(PythonJson.Quote(line.Text));
            JsonElement root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(TextDocument.TextField, out JsonElement text) || text.ValueKind != JsonValueKind.String)
                throw new AlignmentDataException($"{where}: has no string {TextDocument.TextField}; each document needs one.");
            string id = root.TryGetProperty(TextDocument.IdField, out JsonElement given) ? given.ToString() : JsonLines.DefaultIdOf(line);
            return new TextDocument(id, domainField is null ? "" : DomainOf(root, domainField, where), text.GetString()!, where, line.Share)
            {
                Fields = keepFields
                    ? [.. root.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.String && p.Name is not (TextDocument.TextField or TextDocument.IdField)).Select(static p => KeyValuePair.Create(p.Name, p.Value.GetString()!))]
                    : [],
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new AlignmentDataException($"{where}: not whole JSON with a string {TextDocument.TextField}; make the file again.", e);
        }
    }

    private static string DomainOf(JsonElement root, string field, string where) =>
        root.TryGetProperty(field, out JsonElement value) && value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object)
            ? value.ToString()
            : throw new AlignmentDataException($"{where}: has no field {field} with one value; name another one.");
}
