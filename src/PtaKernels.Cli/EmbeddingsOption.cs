using System.CommandLine;
using PtaKernels.Corpus;
using PtaKernels.Rules;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary>The files of <c>pta embed</c> that costs <c>embedding</c> and <c>hybrid</c> read, one for each source. One instance per verb.</summary>
internal sealed class EmbeddingsOption
{
    private readonly Option<string[]> _files = new("--embeddings") { Description = "vectors of each source's and the target's tokens (pta embed), in the sources' order; cost embedding and hybrid need them", HelpName = "file" };

    /// <summary>Adds it to a verb.</summary>
    public void AddTo(Command verb) => verb.Options.Add(_files);

    /// <summary>The files, one for each source; none where the cost reads none.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="cost">The candidate cost.</param>
    /// <param name="sources">How many sources there are.</param>
    /// <exception cref="ArgumentException">They are missing, not of so many sources, or not read.</exception>
    public IReadOnlyList<string> Of(ParseResult parse, CandidateCost cost, int sources)
    {
        string[] files = parse.GetValue(_files) ?? [];
        string name = AlignmentSwitches.Kebab(cost.ToString());
        if (!SemanticCosts.Reads(cost) && files.Length > 0)
            throw new ArgumentException($"--embeddings is for cost embedding and hybrid, and the cost is {name}; add --cost hybrid, or leave the file{(files.Length > 1 ? "s" : "")} out.");
        if (SemanticCosts.Reads(cost) && files.Length != sources)
        {
            throw new ArgumentException(
                $"cost {name} needs --embeddings for each of {sources} source{(sources == 1 ? "" : "s")}, in their order, and {files.Length} {(files.Length == 1 ? "is" : "are")} given; `pta embed` makes such a file from a source's and the target's model.");
        }

        return files;
    }

    /// <summary>One source's embeddings; null where none are read.</summary>
    /// <param name="files">Of <see cref="Of"/>.</param>
    /// <param name="index">The source's place.</param>
    /// <param name="source">Its vocabulary.</param>
    /// <param name="target">The target's.</param>
    /// <exception cref="AlignmentDataException">The file is missing, damaged or of other vocabularies.</exception>
    public static TokenEmbeddings? Open(IReadOnlyList<string> files, int index, TokenVocabulary source, TokenVocabulary target) =>
        files.Count == 0 ? null : EmbeddingsFile.Read(files[index], source, target);

    /// <summary>What a store's manifest notes of them.</summary>
    /// <exception cref="AlignmentDataException">A file is missing or damaged.</exception>
    public static string? Noted(CandidateCost cost, IReadOnlyList<string> files) => OutputRequest.EmbeddingsOf(cost, files.Select(static f => EmbeddingsFile.Read(f).Embeddings));
}
