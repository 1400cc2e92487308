using PtaKernels.Cli.Bench;
using PtaKernels.Reference;

namespace PtaKernels.Scaling;

/// <summary>Alignment paths of some documents.</summary>
internal sealed class PathWork(DocumentCosts[] documents)
{
    private readonly AlignmentPath _path = new();

    /// <summary>Target positions of a document, on average.</summary>
    public double MeanLength => documents.Average(static d => (double)d.Target.Length);

    /// <summary>The documents' tokens on the tapes of <c>dtw-strings</c>.</summary>
    /// <param name="documents">Documents.</param>
    /// <param name="pair">Their vocabularies.</param>
    /// <param name="random">Shuffles the target's positions, so that nothing can be said of where a path goes; null leaves them.</param>
    public static PathWork Of(DocumentPair[] documents, VocabularyPair pair, Random? random) => new([.. documents.Select(document =>
    {
        DocumentCosts costs = DocumentCosts.Of(document, pair.Official.SourceStripped, pair.Official.TargetStripped) ?? throw new AlignmentDataException(document.Target.Id, "two tokens are over 254 edits apart; paths are measured on byte costs.");
        random?.Shuffle(costs.Target);
        return costs;
    })]);

    /// <summary>The first document alone.</summary>
    public PathWork First() => new(documents[..1]);

    /// <summary>Passes over all of them.</summary>
    public PassLoop Loop(IKernelBackend backend) => new(backend.Name, documents.Sum(static d => (double)d.Target.Length), () =>
    {
        foreach (DocumentCosts document in documents)
            document.Find(backend, _path);
    });

    /// <summary>The least steps that the native kernel could take; asked after timing.</summary>
    public Func<RateLimit?> Limit(KernelLimits? limits) => () => limits?.Paths([.. documents.Select(d => d.Strips(limits.StripWidth))], documents.Sum(static d => (double)d.Target.Length));

    /// <summary>Each path costs the least there is, its steps add up to that, and the first is the plain backend's where asked for.</summary>
    /// <exception cref="AlignmentDataException">One of them is not so.</exception>
    public void Require(IKernelBackend backend, bool plain)
    {
        foreach ((int d, DocumentCosts document) in documents.Index())
        {
            document.Find(backend, _path);
            (int Source, int Target)[] steps = _path.Steps.ToArray();
            long sum = steps.Sum(s => (long)document.Cost[(document.Source[s.Source] * document.Columns.Length) + document.Target[s.Target]]);
            bool whole = steps[0] == (0, 0) && steps[^1] == (document.Source.Length - 1, document.Target.Length - 1)
                && steps.Zip(steps.Skip(1)).All(static p => p.Second.Source - p.First.Source is 0 or 1 && p.Second.Target - p.First.Target is 0 or 1 && p.Second != p.First);
            if (!whole || sum != _path.Cost || (d == 0 && document.Strips(64).Sum != sum))
                throw BenchData.Wrong("path", $"a path of {document.Target.Length} tokens is not whole, or its sum {sum} is not the least one");
            if (!plain || d > 0)
                continue;
            var expected = new AlignmentPath();
            document.Find(new ReferenceBackend(), expected);
            if (!expected.Steps.SequenceEqual(steps))
                throw BenchData.Wrong("path", $"a path of {document.Target.Length} tokens takes other steps than the plain backend's");
        }
    }
}
