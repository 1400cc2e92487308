using PtaKernels.Cli.Bench;
using PtaKernels.Native;

namespace PtaKernels.Scaling;

/// <summary>Candidates: transports of k by k, and whole documents with k candidates a position.</summary>
internal sealed class CandidateSweeps(NativeBackend backend, KernelLimits? limits, RealTexts texts, Sizes sizes)
{
    /// <summary>Cells of all problems of a pass, about.</summary>
    private const int Cells = 100_000;

    private const int FitFrom = 10;

    /// <summary>Problems of k by k.</summary>
    public SweepChart Problems()
    {
        TransportWork[] works = [.. sizes.Candidates.Select(k => new TransportWork(texts, Math.Clamp(Cells / (k * k), 16, 1000), k))];
        var sweeps = TransportWork.Kinds.Select(kind => new Sweep(kind.Name, "seconds of a problem", "the plain backend's plans", [.. works.Select(work =>
        {
            work.Require(backend, kind.Kind);
            return new SweepPoint(work.K, 1, work.Transports(backend, kind.Kind), work.Limit(backend, limits, kind.Kind));
        })], From)).ToList();
        sweeps.Add(new Sweep("cost matrices", "seconds of a problem", "the plain backend's costs", [.. works.Select(work => new SweepPoint(work.K, 1, work.Costs(backend)))], From));
        return new SweepChart("k.problems", "Transports of k by k", "candidates on each side", "problems/s", sweeps);
    }

    /// <summary>Documents with k candidates.</summary>
    public SweepChart Documents() => new("k.documents", "Documents with k candidates", "candidates of a position", "target tokens/s", [.. DocumentWorks.Presets.Select(preset =>
        new Sweep(preset.Name, "seconds of a document", "the plain backend, the first document", [.. sizes.Candidates.Select(k =>
        {
            BenchDocument[] documents = DocumentWorks.Of(texts.Pair, texts.Documents(sizes.Documents.Length, sizes.Documents.Count, k), preset.Options);
            DocumentWorks.RequirePlain("k.documents", backend, documents[..1]);
            return new SweepPoint(k, DocumentWorks.TokensOf(documents) / documents.Length, DocumentWorks.Loop(backend, documents));
        })], From))]);

    private int From => Math.Min(FitFrom, sizes.Candidates[^2]);
}
