namespace PtaKernels.Corpus;

/// <summary>One model's documents in a JSON-lines file (<see cref="JsonLines"/>).</summary>
internal sealed class JsonLinesReader(string path) : IDocumentReader
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
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0) => LineRecord.Read(path, first, JsonLines.Parse);

    /// <inheritdoc/>
    public IDocumentWriter OpenOutput(OutputRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new FusedJsonLines(request.Path, request.Replace);
    }
}
