using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>A document before any tokenizer saw it.</summary>
/// <param name="Id">Its name: the field <c>id</c>, else the line number.</param>
/// <param name="Domain">What it is counted under; empty where nothing was asked for.</param>
/// <param name="Text">The text.</param>
/// <param name="Where">Its place, for messages.</param>
/// <param name="Share">About how much of the corpus is read with it, 0..1.</param>
public sealed record TextDocument(string Id, string Domain, string Text, string Where, double Share)
{
    /// <summary>The field that holds the text.</summary>
    public const string TextField = "text";

    /// <summary>Reads JSON lines, plain or gzip: <c>text</c>, and <c>id</c> where given; other fields are left alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="domainField">The field whose value is the domain; null for one domain.</param>
    /// <exception cref="AlignmentDataException">A line is damaged, or has no text.</exception>
    public static IEnumerable<TextDocument> Read(string path, string? domainField = null)
    {
        foreach (NumberedLine line in JsonLines.ReadLines(path))
        {
            string where = $"{path}, line {line.Number}";
            string id, text;
            try
            {
                using JsonDocument json = JsonDocument.Parse(line.Text);
                if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(TextField, out JsonElement value) || value.ValueKind != JsonValueKind.String)
                    throw new AlignmentDataException($"{where}: has no string {TextField}; each document needs one.");
                text = value.GetString()!;
                id = json.RootElement.TryGetProperty("id", out JsonElement given) ? given.ToString() : $"line {line.Number}";
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new AlignmentDataException($"{where}: not whole JSON with a string {TextField}; make the file again.", e);
            }

            yield return new TextDocument(id, domainField is null ? "" : JsonLines.FieldOf(path, line, domainField) ?? "", text, where, line.Share);
        }
    }
}
