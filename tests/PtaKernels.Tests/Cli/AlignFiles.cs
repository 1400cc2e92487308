using PtaKernels.Tests.Alignment;
using PtaKernels.Tests.Corpus;

namespace PtaKernels.Tests.Cli;

/// <summary>Small documents, vocabularies and maps in a folder, and <c>pta align</c> over them.</summary>
internal sealed class AlignFiles : IDisposable
{
    public AlignFiles(int seed = 1, int documents = 3, int sources = 1)
    {
        Documents = new RunFiles(seed, documents, sources);
        Folder.Write("t.vocab.json", SmallModel.Target.VocabularyJson);
        for (int s = 0; s < sources; s++)
            Folder.Write($"s{s}.vocab.json", SmallModel.Sources[s].VocabularyJson);
    }

    public RunFiles Documents { get; }

    public TemporaryFolder Folder => Documents.Folder;

    public string Output => Documents.Output;

    public IEnumerable<string> Left => Documents.Left;

    public DraftDocument Target(int d) => Documents.Target[d];

    public DraftDocument Source(int d, int s = 0) => Documents.Sources[d][s];

    /// <summary>Writes the documents as they are now and returns the arguments; an argument given again comes last and wins nothing, so name each once.</summary>
    public string[] Arguments(params string[] more)
    {
        Documents.Write();
        return Command(more);
    }

    public string[] Command(params string[] more)
    {
        var arguments = new List<string> { "align", "--target", Documents.TargetPath, "--target-vocab", Folder["t.vocab.json"], "--out", Output };
        for (int s = 0; s < Documents.Models.Length; s++)
            arguments.AddRange(["--source", Documents.SourcePath(s), "--source-vocab", Folder[$"s{s}.vocab.json"]]);
        return [.. arguments, .. more];
    }

    public void Dispose() => Documents.Dispose();
}
