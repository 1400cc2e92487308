using PtaKernels.Corpus.Sampling;

namespace PtaKernels.Pipeline;

/// <summary>The documents whose rows keep most and least of what the sources said.</summary>
/// <param name="Documents">Documents that were looked at.</param>
/// <param name="Most">The most faithful ones, best first.</param>
/// <param name="Least">The least faithful ones, worst first.</param>
internal sealed record FidelitySection(int Documents, IReadOnlyList<FaithfulDocument> Most, IReadOnlyList<FaithfulDocument> Least)
{
    /// <summary>Documents shown on each side.</summary>
    public const int Shown = 10;

    /// <summary>Target tokens of all documents that are opened: the page has to stay one that a browser opens at once.</summary>
    private const int MostTokens = 8000;

    /// <summary>Rows that a document needs so that its mean says something.</summary>
    private const int LeastRows = 8;

    /// <summary>The opened documents, the most faithful first; not in the JSON, where they are lists of numbers without names.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<ViewerDocument> Opened { get; init; } = [];

    /// <summary>Ranks documents and takes the ends apart.</summary>
    public static FidelitySection Of(StudentPass pass, DocumentSample sample, RunInput input)
    {
        DocumentFidelity[] ranked = [.. pass.Documents.Where(static d => d.Rows >= LeastRows).OrderByDescending(static d => d.Kept).ThenBy(static d => d.Id, StringComparer.Ordinal)];
        DocumentFidelity[] most = [.. ranked.Take(Shown)];
        DocumentFidelity[] least = [.. ranked.Skip(most.Length).OrderBy(static d => d.Kept).ThenBy(static d => d.Id, StringComparer.Ordinal).Take(Shown)];
        // From both ends in turn, as long as there is room.
        var opened = new HashSet<int>();
        int tokens = 0;
        foreach (DocumentFidelity document in Enumerable.Range(0, Shown).SelectMany(i => most.Skip(i).Take(1).Concat(least.Skip(i).Take(1))))
        {
            if (tokens + document.Tokens <= MostTokens)
            {
                tokens += document.Tokens;
                opened.Add(document.Index);
            }
        }

        return new FidelitySection(ranked.Length, [.. most.Select(Listed)], [.. least.Select(Listed)])
        {
            Opened = [.. most.Select(d => (d, "most")).Concat(least.Select(d => (d, "least"))).Where(d => opened.Contains(d.d.Index)).Select(d => Open(d.d, d.Item2))],
        };

        FaithfulDocument Listed(DocumentFidelity d) => new(d.Id, d.Tokens, d.Rows, d.Kept, opened.Contains(d.Index));

        ViewerDocument Open(DocumentFidelity d, string end)
        {
            RunDocument document = StudentPass.DocumentOf(sample, d.Index);
            return ViewerDocument.Of(input.Backend, input.Sources, input.Options, document.Target, document.Sources, $"{d.Id} ({end} faithful)", input.Order);
        }
    }

    /// <summary>Table and viewer.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Most and least faithful documents");
        yield return new TextBlock($"Faithful: the teacher signal kept, as a mean over the rows that a source reached; of equal ones the smaller name comes first. Documents with fewer than {LeastRows} such rows are left out.");
        yield return new FiguresBlock(
            ["most faithful", "rows", "signal\nkept", "least faithful", "rows", "signal\nkept"],
            [.. Enumerable.Range(0, Math.Max(Most.Count, Least.Count)).Select(i => (Figure[])[.. CellsOf("most", Most, i), .. CellsOf("least", Least, i)])]);
        int closed = Most.Concat(Least).Count(static d => !d.Opened);
        yield return new TextBlock($"Open one to see its tokens and where each row came from.{(closed > 0 ? $" {closed} long ones are not on this page; `pta inspect --html` shows any document." : "")}");
        yield return new ViewerBlock(Opened);
    }

    private static Figure[] CellsOf(string end, IReadOnlyList<FaithfulDocument> list, int i) => i >= list.Count
        ? [Figure.Of(""), Figure.Of(""), Figure.Of("")]
        : [Figure.Of(list[i].Id), Figure.Count($"fidelity.{end}[{i}].rows", list[i].Rows), Figure.Share($"fidelity.{end}[{i}].kept", list[i].Kept, 2)];
}

/// <summary>A document at one of the ends.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Tokens">The target's tokens.</param>
/// <param name="Rows">Rows that a source reached.</param>
/// <param name="Kept">Mean teacher signal kept of these.</param>
/// <param name="Opened">Whether the page can open it.</param>
internal sealed record FaithfulDocument(string Id, int Tokens, int Rows, double Kept, bool Opened);
