using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Corpus;

/// <summary>A corpus of small documents, its files in a folder, and runs over them.</summary>
internal sealed class RunFiles : IDisposable
{
    public RunFiles(int seed, int documents, int sources = 1)
    {
        Random random = new(seed);
        for (int d = 0; d < documents; d++)
        {
            string text = SmallModel.RandomText(random, random.Next(3, 14));
            Target.Add(SmallModel.Target.Draw(random, $"d{d}", text));
            Sources.Add([.. SmallModel.Sources[..sources].Select(s => s.Draw(random, $"d{d}", text))]);
        }

        Models = [.. SmallModel.Sources[..sources].Select(s => new AlignmentSource(s.Name, s.To(SmallModel.Target)))];
    }

    public TemporaryFolder Folder { get; } = new();

    public List<DraftDocument> Target { get; } = [];

    /// <summary>[document][source].</summary>
    public List<DraftDocument[]> Sources { get; } = [];

    public AlignmentSource[] Models { get; }

    public List<string> Notices { get; } = [];

    public string TargetPath => Folder["t.jsonl"];

    public string SourcePath(int s) => Folder[$"s{s}.jsonl"];

    public string Output => Folder["out.jsonl"];

    public string[] OutputLines => File.ReadAllLines(Output);

    /// <summary>Names of the files that a run left beside its inputs.</summary>
    public IEnumerable<string> Left => Folder.Names.Where(n => n.StartsWith("out", StringComparison.Ordinal));

    public RunFiles Write()
    {
        Folder.Write("t.jsonl", Target.Select(d => d.ToJson()));
        for (int s = 0; s < Models.Length; s++)
            Folder.Write($"s{s}.jsonl", Sources.Select(d => d[s].ToJson()));
        return this;
    }

    public AlignmentRun Run(
        OnError onError = OnError.Stop, bool replace = false, long limit = 0, IReadOnlyList<int>? order = null, Action<RunProgress>? progress = null) => new()
        {
            TargetDocuments = new JsonLinesReader(TargetPath),
            Target = SmallModel.Target.Vocabulary,
            SourceDocuments = [.. Models.Select((_, s) => new JsonLinesReader(SourcePath(s)))],
            Sources = Models,
            OutputPath = Output,
            OnError = onError,
            Replace = replace,
            Selection = new DocumentSelection { Limit = limit },
            SourceOrder = order,
            Progress = progress,
            Notice = Notices.Add,
        };

    public void Dispose() => Folder.Dispose();
}
