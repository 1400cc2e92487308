using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>One model's documents in a JSON-lines file (<see cref="JsonLines"/>).</summary>
public sealed class JsonLinesReader(string path) : IDocumentReader
{
    /// <inheritdoc/>
    public string Path => path;

    /// <inheritdoc/>
    public string Kind => "JSON-lines file";

    /// <inheritdoc/>
    public IReadOnlyList<string> Splits { get; } = [""];

    /// <inheritdoc/>
    public long? CountOf(string split) => null;

    /// <inheritdoc/>
    public string Identity => InputIdentity.OfFile(path);

    /// <inheritdoc/>
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0) => JsonLines.ReadLines(path).SkipLong(first).Select(line => new Record(path, line));

    /// <inheritdoc/>
    public IDocumentWriter OpenOutput(OutputRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new FusedJsonLines(request.Path, request.Replace);
    }

    private sealed class Record(string path, NumberedLine line) : IDocumentRecord
    {
        public string Where => $"{path}, line {line.Number}";

        public string DefaultId => JsonLines.DefaultIdOf(line);

        public double Share => line.Share;

        public long Size => line.Text.Length;

        public string Evidence => line.Text;

        public void WriteKey(Utf8JsonWriter json) => json.WriteNumber("line", line.Number);

        public string? ValueOf(string column) => JsonLines.FieldOf(path, line, column);

        public TokenizedDocument Parse() => JsonLines.Parse(path, line);
    }
}
