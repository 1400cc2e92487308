using PtaKernels.Cli.Bench;
using PtaKernels.Native;

namespace PtaKernels.Scaling;

/// <summary>Batch: documents, and problems, of one call.</summary>
internal sealed class BatchSweeps(NativeBackend backend, KernelLimits? limits, RealTexts texts, Sizes sizes)
{
    /// <summary>Documents of a call.</summary>
    public SweepChart Documents()
    {
        DocumentPair[] pairs = [.. texts.Documents(sizes.BatchLength, sizes.Batches[^1])];
        return new SweepChart("batch.documents", "Documents of a call", "documents in a call", "target tokens/s", [.. DocumentWorks.Presets.Select(preset =>
        {
            BenchDocument[] documents = DocumentWorks.Of(texts.Pair, pairs, preset.Options);
            DocumentWorks.RequirePlain("batch.documents", backend, documents[..Math.Min(16, documents.Length)]);
            return new Sweep(preset.Name, "seconds of a call", "the plain backend, the first documents", [.. sizes.Batches.Select(count =>
                new SweepPoint(count, DocumentWorks.TokensOf(documents[..count]), DocumentWorks.Loop(backend, documents[..count])))]);
        })]);
    }

    /// <summary>Problems of ten by ten of a call.</summary>
    public SweepChart Problems()
    {
        const int K = TransportCases.N;
        TransportWork[] works = [.. sizes.Batches.Select(count => new TransportWork(texts, count, K))];
        var sweeps = TransportWork.Kinds.Select(kind =>
        {
            works[^1].Require(backend, kind.Kind);
            return new Sweep(kind.Name, "seconds of a call", "the plain backend's plans", [.. works.Select(work =>
                new SweepPoint(work.Count, work.Count, work.Transports(backend, kind.Kind), work.Limit(backend, limits, kind.Kind)))]);
        }).ToList();
        sweeps.Add(new Sweep("cost matrices", "seconds of a call", "the plain backend's costs", [.. works.Select(work => new SweepPoint(work.Count, work.Count, work.Costs(backend)))]));
        return new SweepChart("batch.problems", "Problems of a call, 10 x 10", "problems in a call", "problems/s", sweeps);
    }
}
