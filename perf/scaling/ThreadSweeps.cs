using PtaKernels.Cli.Bench;
using PtaKernels.Native;

namespace PtaKernels.Scaling;

/// <summary>Threads: the same documents on more and more of them, on the clock.</summary>
internal sealed class ThreadSweeps(NativeBackend backend, RealTexts texts, Sizes sizes)
{
    /// <summary>Documents for each thread, so that the last one of a pass is a small part of it.</summary>
    private const int DocumentsOfThread = 4;

    /// <summary>Documents of one call, shared out by the backend itself.</summary>
    public SweepChart Documents()
    {
        int[] threads = [.. Enumerable.Range(1, Environment.ProcessorCount).Where(static n => n == Environment.ProcessorCount || (n & (n - 1)) == 0)];
        DocumentPair[] pairs = [.. texts.Documents(sizes.Documents.Length, Math.Max(sizes.Documents.Count, DocumentsOfThread * threads[^1]))];
        return new SweepChart("threads", "Threads", "threads", "target tokens/s", [.. DocumentWorks.Presets.Select(preset =>
        {
            BenchDocument[] documents = DocumentWorks.Of(texts.Pair, pairs, preset.Options);
            DocumentWorks.RequirePlain("threads", backend, documents[..1]);
            double tokens = DocumentWorks.TokensOf(documents);
            return new Sweep(preset.Name, "seconds of a call", "the plain backend, the first document", [.. threads.Select(count =>
            {
                var team = new NativeBackend(backend.Isa) { Threads = count };
                Action<AlignmentReport> pass = DocumentWorks.Pass(team, documents);
                return new SweepPoint(count, tokens, new PassLoop(team.Name, tokens, () => pass(new AlignmentReport()), onTheClock: true));
            })]);
        })]);
    }
}
