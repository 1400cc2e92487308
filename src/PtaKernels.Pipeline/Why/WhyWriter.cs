using System.IO.Compression;
using System.Text.Json;
using PtaKernels.Corpus;

namespace PtaKernels.Pipeline;

/// <summary>Writes an answer to a folder: <c>why.json</c>, <c>why.md</c>, <c>why.html</c>, and <c>why-tokens.jsonl.gz</c> with a line for every predicted token.</summary>
internal sealed class WhyWriter : IDisposable
{
    private const string Name = "why";

    private static readonly JsonSerializerOptions Lines = new(ReportJson.Options) { WriteIndented = false };

    private readonly string _folder;
    private readonly TokenVocabulary _vocabulary;
    private readonly IReadOnlyList<string> _sources;
    private AtomicFile? _file;
    private GZipStream? _lines;

    /// <summary>Names a folder.</summary>
    /// <param name="folder">Where; made with the first document.</param>
    /// <param name="vocabulary">The target's.</param>
    /// <param name="sources">Names of the student's teachers.</param>
    public WhyWriter(string folder, TokenVocabulary vocabulary, IReadOnlyList<string> sources) => (_folder, _vocabulary, _sources) = (folder, vocabulary, sources);

    /// <summary>Reads an answer again.</summary>
    /// <param name="path">A <c>why.json</c>.</param>
    /// <exception cref="AlignmentDataException">It is missing or is no answer.</exception>
    public static WhyReport Read(string path) => ReportJson.Read<WhyReport>(path, "the why.json of a `pta why --out`");

    /// <summary>Writes a document's tokens.</summary>
    public void Add(WhyDocument document)
    {
        GZipStream lines = _lines ??= Begin();
        foreach (WhyToken token in document.Tokens)
        {
            var line = new TokenLine(
                document.Id, document.Domain, token.Position, token.Id, VisibleText.Of(_vocabulary, token.Id), token.Bytes, TokenKinds.NameOf(token.Kind), $"{token.Row.Letter}",
                token.Row.Source < 0 ? null : _sources[token.Row.Source], token.Row.SourceRow < 0 ? null : token.Row.SourceRow, token.Row.Kappa, token.Row.Missing, double.IsNaN(token.Row.SignalKept) ? null : token.Row.SignalKept,
                token.Fused?.Probability, token.Fused?.Largest, token.Fused?.IsRight, token.TargetIsRight, token.Before, token.Control, token.After);
            JsonSerializer.Serialize(lines, line, Lines);
            lines.WriteByte((byte)'\n');
        }
    }

    /// <summary>Writes the rest; all files have their names after it.</summary>
    /// <param name="report">The answer.</param>
    /// <returns>The files.</returns>
    /// <exception cref="InvalidOperationException">There was no document.</exception>
    public IReadOnlyList<string> Finish(WhyReport report)
    {
        if (_file is null || _lines is null)
            throw new InvalidOperationException("An answer has at least one document.");
        _lines.Dispose();
        _file.Commit();
        IReadOnlyList<ReportBlock> blocks = WhyBlocks.Of(report);
        string title = $"Why {report.Student} is what it is";
        return [Save(".json", ReportJson.Of(report) + "\n"), Save(".md", ReportMarkdown.Of(title, blocks)), Save(".html", ReportHtml.Of(title, blocks)), Path.Combine(_folder, Name + "-tokens.jsonl.gz")];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lines?.Dispose();
        _file?.Dispose();
    }

    private GZipStream Begin()
    {
        Directory.CreateDirectory(_folder);
        _file = new AtomicFile(Path.Combine(_folder, Name + "-tokens.jsonl.gz"), replace: true);
        return new GZipStream(_file.Stream, CompressionLevel.Optimal, leaveOpen: true);
    }

    private string Save(string ending, string text)
    {
        string path = Path.Combine(_folder, Name + ending);
        AtomicFile.Write(path, text);
        return path;
    }

    /// <summary>A token as a line of JSON; what a row does not have is null.</summary>
    private sealed record TokenLine(
        string Document, string Domain, int Position, int Id, string Token, int Bytes, string Kind, string Rule, string? Source, int? SourceRow, double Kappa, double Missing, double? Signal,
        double? GoldProbability, double? Largest, bool? FusedIsRight, bool TargetIsRight, double Before, double? Control, double After);
}
