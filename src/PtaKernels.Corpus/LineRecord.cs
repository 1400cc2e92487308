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

    /// <summary>The documents of a file from one of them on.</summary>
    /// <param name="path">The file.</param>
    /// <param name="first">Number of the first one wanted, from 0.</param>
    /// <param name="parse">Makes a document.</param>
    public static IEnumerable<IDocumentRecord> Read(string path, long first, Func<string, NumberedLine, TokenizedDocument> parse)
    {
        foreach (NumberedLine line in JsonLines.ReadLines(path))
        {
            if (--first < 0)
                yield return new LineRecord(path, line, parse);
        }
    }

    /// <summary>A line's place, for messages.</summary>
    public static string WhereOf(string path, NumberedLine line) => $"{path}, line {line.Number}";

    public void WriteKey(Utf8JsonWriter json) => json.WriteNumber("line", line.Number);

    public string? ValueOf(string column) => JsonLines.FieldOf(path, line, column);

    public TokenizedDocument Parse() => parse(path, line);
}
