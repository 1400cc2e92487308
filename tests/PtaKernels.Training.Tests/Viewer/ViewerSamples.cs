using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Pipeline;
using PtaKernels.Text;

namespace PtaKernels.Training.Tests.Viewer;

/// <summary>The sample documents for the viewer: gpt2 and spB give, spA receives.</summary>
internal static class ViewerSamples
{
    /// <summary>Preset fusion on documents without log-sum-exps.</summary>
    public static readonly AlignmentOptions Bytes = AlignmentPreset.Fusion with { Mass = MassRule.Renormalised };

    private static readonly Lazy<TokenVocabulary> Target = new(static () => Vocabulary("spA"));
    private static readonly Lazy<AlignmentSource[]> Both = new(static () => [.. new[] { "gpt2", "spB" }.Select(name =>
        new AlignmentSource(name, new VocabularyPair(Vocabulary(name), Target.Value) { TargetEncoder = new LongestToken(Target.Value) }))]);

    public static IKernelBackend Backend { get; } = Backends.Backends.Open("reference");

    public static AlignmentSource[] Sources => Both.Value;

    public static TokenizedDocument Document(string model, string id) => DocumentFiles.Read(Repository.PathOf($"samples/{model}.jsonl.gz")).First(d => d.Id == id);

    /// <summary>A document of one source, gpt2, or of both.</summary>
    public static ViewerDocument View(string id, AlignmentOptions options, string title, int sources = 1)
    {
        TokenizedDocument[] views = [.. Sources.Take(sources).Select(s => Document(s.Name, id))];
        return ViewerDocument.Of(Backend, [.. Sources.Take(sources)], options, Document("spA", id), views, title);
    }

    private static TokenVocabulary Vocabulary(string name) => VocabularyFile.Read(Repository.PathOf($"samples/vocab/{name}.json.gz"));
}
