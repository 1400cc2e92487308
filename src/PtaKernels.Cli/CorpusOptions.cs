using System.CommandLine;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Cli;

/// <summary>Options that name the documents of a target and its sources, with their vocabularies.</summary>
internal sealed class CorpusOptions(bool required)
{
    private readonly Option<string?> _target = new("--target") { Description = $"the target's documents: {DocumentFiles.Formats}", HelpName = "path", Required = required };
    private readonly Option<string?> _targetVocabulary = new("--target-vocab") { Description = "the target's vocabulary: " + VocabularyFile.Formats, HelpName = "file", Required = required };
    private readonly Option<string[]> _sources = new("--source") { Description = "a source's documents, the same ones in the same order and form; repeat for several sources", HelpName = "path", Required = required };
    private readonly Option<string[]> _sourceVocabularies = new("--source-vocab") { Description = "each source's vocabulary, in the same order and any of these forms", HelpName = "file", Required = required };
    private readonly Option<string[]> _maps = new("--map") { Description = "official vocabulary map of each source (pta map); default: searched on demand", HelpName = "file" };

    /// <summary>Adds them to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _target, _targetVocabulary, _sources, _sourceVocabularies, _maps })
            command.Options.Add(option);
    }

    /// <summary>Whether any of them was given.</summary>
    public bool AreGiven(ParseResult parse) =>
        parse.GetValue(_target) is not null || parse.GetValue(_targetVocabulary) is not null || SourceFiles(parse).Length > 0 || parse.GetValue(_sourceVocabularies) is { Length: > 0 };

    /// <summary>The target's documents.</summary>
    /// <exception cref="ArgumentException">They were not named.</exception>
    public string TargetFile(ParseResult parse) => Given(parse.GetValue(_target), "--target");

    /// <summary>The sources' documents.</summary>
    public string[] SourceFiles(ParseResult parse) => parse.GetValue(_sources) ?? [];

    /// <summary>The sources with their vocabularies, the target's and the maps.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="options">All switches, which say whether the target's encoder is needed.</param>
    /// <param name="notice">Told what is unusual.</param>
    /// <exception cref="ArgumentException">There are not as many of one kind as of another, or some are missing.</exception>
    /// <exception cref="AlignmentDataException">A file is missing or damaged.</exception>
    public AlignmentSource[] Open(ParseResult parse, in AlignmentOptions options, Action<string> notice)
    {
        string[] files = SourceFiles(parse), vocabularies = parse.GetValue(_sourceVocabularies) ?? [], maps = parse.GetValue(_maps) ?? [];
        string targetFile = Given(parse.GetValue(_targetVocabulary), "--target-vocab");
        if (files.Length == 0)
            throw new ArgumentException("--source is missing; name each source's documents.");
        if (vocabularies.Length != files.Length)
            throw new ArgumentException($"{files.Length} --source files but {vocabularies.Length} --source-vocab files; give one vocabulary per source, in the same order.");
        if (maps.Length != 0 && maps.Length != files.Length)
            throw new ArgumentException($"{files.Length} --source files but {maps.Length} --map files; give one map per source, in the same order, or none.");
        (TokenVocabulary target, IFirstToken? encoder) = VocabularyFile.ReadTarget(targetFile, options, notice);
        return [.. files.Select((_, s) =>
        {
            TokenVocabulary source = VocabularyFile.Read(vocabularies[s]);
            VocabularyMap? map = maps.Length == 0 ? null : OfficialMapping.ToMap(OfficialMapping.Read(maps[s]), source, target);
            return new AlignmentSource(source.Name, new VocabularyPair(source, target, map) { TargetEncoder = encoder });
        })];
    }

    private static string Given(string? value, string option) => value ?? throw new ArgumentException($"{option} is missing; name what the documents were aligned from.");
}
