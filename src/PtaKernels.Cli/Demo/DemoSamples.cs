using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Cli.Demo;

/// <summary>The documents of <c>samples/</c> as two sources and a target saw them.</summary>
internal sealed class DemoSamples
{
    private const string TargetName = "spA";

    private static readonly string[] SourceNames = ["gpt2", "spB"];

    private DemoSamples(string folder)
    {
        Target = VocabularyFile.Read(Path.Combine(folder, "vocab", TargetName + ".json.gz"));
        Sources = [.. SourceNames.Select(n => VocabularyFile.Read(Path.Combine(folder, "vocab", n + ".json.gz")))];
        TargetDocuments = [.. JsonLines.Read(Path.Combine(folder, TargetName + ".jsonl.gz"))];
        SourceDocuments = [.. SourceNames.Select(n => (TokenizedDocument[])[.. JsonLines.Read(Path.Combine(folder, n + ".jsonl.gz"))])];
        foreach (TokenizedDocument[] documents in SourceDocuments)
        {
            if (!documents.Select(static d => d.Id).SequenceEqual(TargetDocuments.Select(static d => d.Id), StringComparer.Ordinal))
                throw new AlignmentDataException($"{folder}: the three files do not hold the same documents; make them again with scripts/make-samples.");
        }
    }

    public TokenVocabulary Target { get; }

    /// <summary>By source.</summary>
    public TokenVocabulary[] Sources { get; }

    public TokenizedDocument[] TargetDocuments { get; }

    /// <summary>[source][document].</summary>
    public TokenizedDocument[][] SourceDocuments { get; }

    /// <summary>Reads a folder; null looks for <c>samples</c> here and above, then above the program itself.</summary>
    /// <exception cref="AlignmentDataException">There is none, or it is damaged.</exception>
    public static DemoSamples Read(string? folder) => new(Folder(folder));

    /// <summary>The folder named; null looks for it as <see cref="Read"/> does.</summary>
    /// <exception cref="AlignmentDataException">There is none.</exception>
    public static string Folder(string? named) => named ?? Find() ?? throw new AlignmentDataException(
        "the folder samples/ was not found here or above; run this inside the repository or name it with --samples.");

    private static string? Find()
    {
        foreach (string start in new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory })
        {
            for (DirectoryInfo? at = new(start); at is not null; at = at.Parent)
            {
                string folder = Path.Combine(at.FullName, "samples");
                if (File.Exists(Path.Combine(folder, TargetName + ".jsonl.gz")))
                    return folder;
            }
        }

        return null;
    }
}
