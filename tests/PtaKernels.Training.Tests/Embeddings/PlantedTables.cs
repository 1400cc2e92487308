using PtaKernels.Text;
using PtaKernels.Training.Tests.Capture;
using TorchSharp;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Embeddings;

/// <summary>Two vocabularies whose tables are rotations of one another, with more or less noise.</summary>
internal sealed class PlantedTables : IDisposable
{
    private const int Narrow = 24, Wide = 40;

    private readonly DisposeScope _scope;

    public PlantedTables(double noise, int words = 400)
    {
        TorchRuntime.Load();
        _scope = NewDisposeScope();
        // Each has words of its own, and the shared ones have other ids.
        Source = ToyEncoder.Of("theirs", [.. Enumerable.Range(0, words).Select(static i => $"word{i}"), "only theirs"], holes: 2);
        Target = ToyEncoder.Of("ours", ["only ours", .. Enumerable.Range(0, words).Select(static i => $"word{i}").Reverse()]);
        using var generator = new Generator(7);
        SourceTable = Normal(Source.Vocabulary.Count, Narrow) + 3;
        Tensor rotation = linalg.qr(Normal(Wide, Narrow)).Q.transpose(0, 1); // [narrow, wide], orthonormal rows
        TargetTable = Normal(Target.Vocabulary.Count, Wide);
        Dictionary<string, int> theirs = Ids(Source.Vocabulary), ours = Ids(Target.Vocabulary);
        foreach ((string text, int id) in ours.Where(o => theirs.ContainsKey(o.Key)))
            TargetTable[id] = (5 * (SourceTable[theirs[text]] - 3).unsqueeze(0).matmul(rotation).squeeze(0)) + (noise * 5 * Normal(1, Wide).squeeze(0)) - 11;

        Tensor Normal(long rows, long columns) => empty([rows, columns], ScalarType.Float32).normal_(0, 1, generator);
    }

    public TextEncoder Source { get; }

    public TextEncoder Target { get; }

    public Tensor SourceTable { get; }

    public Tensor TargetTable { get; }

    public FittedEmbeddings Fit(int? dimensions = null, List<string>? notices = null)
    {
        using var theirs = EmbeddingTable.Of(SourceTable, Source.Vocabulary, "theirs.safetensors", notice => notices?.Add(notice));
        using var ours = EmbeddingTable.Of(TargetTable, Target.Vocabulary, "ours.safetensors", notice => notices?.Add(notice));
        return new EmbeddingFit { SourceModel = "", Source = Source.Vocabulary, TargetModel = "", Target = Target.Vocabulary, Dimensions = dimensions, Notice = notice => notices?.Add(notice) }.Fit(theirs, "theirs", ours, "ours");
    }

    public void Dispose() => _scope.Dispose();

    private static Dictionary<string, int> Ids(TokenVocabulary vocabulary) =>
        Enumerable.Range(0, vocabulary.Count).Where(t => vocabulary.HasToken(t) && !vocabulary.IsSpecial(t)).ToDictionary(t => vocabulary.StringOf(t)!, static t => t, StringComparer.Ordinal);
}
