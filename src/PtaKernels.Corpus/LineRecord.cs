using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>A document in a line of a file.</summary>
/// <param name="path">The file.</param>
/// <param name="line">The line.</param>
/// <param name="parse">Makes the document.</param>
internal sealed class LineRecord(string path, NumberedLine line, Func<string, NumberedLine, TokenizedDocument> parse) : IDocumentRecord
{
    public string Where => WhereOf(path, line);

    public string DefaultId => JsonLines.DefaultIdOf(line);

    public double Share => line.Share;

    public long Size => line.Text.Length;

    public string Evidence => line.Text;

    /// <summary>A line's place, for messages.</summary>
    public static string WhereOf(string path, NumberedLine line) => $"{path}, line {line.Number}";

    public void WriteKey(Utf8JsonWriter json) => json.WriteNumber("line", line.Number);

    public string? ValueOf(string column) => JsonLines.FieldOf(path, line, column);

    public TokenizedDocument Parse() => parse(path, line);
}
