using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    // Enough rows to fill 132 multiprocessors several times over.
    private const int DeviceChunkPositions = 1 << 18, EmulatorChunkPositions = 1 << 12;

    // Chunks overlap decoding, copies and kernels; each has a thread, and a device is faster than a few of them.
    private static readonly int ChunksInFlight = Math.Clamp(Environment.ProcessorCount, 2, 8);

    // The emulator's is the host's; so much keeps its chunks small.
    private static readonly long EmulatorMemory = (1L << 30) * ChunksInFlight;

    private readonly ConditionalWeakTable<VocabularyPair, PairOnDevice> _pairs = [];

    /// <summary>Target positions of one chunk; tests lower it to show that results do not depend on it.</summary>
    internal int ChunkPositions { get; set; }

    /// <inheritdoc/>
    public void AlignBatch(
        ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report)
    {
        StepwiseAlignment.Require(documents, vocabularies, options, destination, report);
        int preset = FusedPreset.Match(options);
        if (preset < 0)
        {
            report.AddNotice(FusedPreset.WhyStepwise(Name, options));
            StepwiseAlignment.AlignBatch(this, documents, vocabularies, options, destination, report);
            return;
        }

        PairOnDevice pair = _pairs.GetValue(vocabularies, v => new PairOnDevice(this, v));
        int positions = ChunkPositions > 0 ? ChunkPositions : Device.IsEmulator ? EmulatorChunkPositions : DeviceChunkPositions;
        long memory = Device.IsEmulator ? EmulatorMemory : Device.Accelerator.MemorySize;
        long bytes = Device.Rehearsal is not null ? long.MaxValue : LeftOf(memory, vocabularies, options) / (4 * ChunksInFlight);
        List<int[]> chunks = ChunkPlan.Cut(documents, options, positions, bytes);
        DocumentPair[] all = documents.ToArray();
        AlignmentOptions switches = options;
        var aligned = new AlignedDocument?[all.Length];
        var reports = new AlignmentReport[chunks.Count];
        var failures = new Exception?[chunks.Count];
        Parallel.For(0, chunks.Count, new ParallelOptions { MaxDegreeOfParallelism = Device.IsEmulator ? 1 : ChunksInFlight }, c =>
        {
            reports[c] = new AlignmentReport();
            try
            {
                AlignChunk(pair, switches, preset, all, chunks[c], aligned, reports[c]);
            }
            catch (Exception e)
            {
                failures[c] = Device.Problem(e) ?? e;
            }
        });

        for (int c = 0; c < chunks.Count; c++)
        {
            // Chunks at once share the memory: one that found none gets it to itself before anything is given up.
            if (failures[c] is not GpuException { OutOfMemory: true })
                continue;
            reports[c] = new AlignmentReport();
            failures[c] = null;
            AlignInHalves(pair, options, preset, all, chunks[c], aligned, reports[c]);
        }

        ExceptionDispatchInfo? failure = failures.Where(static f => f is not null).Select(static f => ExceptionDispatchInfo.Capture(f!)).FirstOrDefault();
        failure?.Throw();
        foreach (AlignmentReport one in reports)
            report.Add(one);
        StepwiseAlignment.Complete(this, documents, vocabularies, options, aligned, destination, report);
    }

    /// <summary>One chunk, and if the device is full, its halves, one after the other.</summary>
    private void AlignInHalves(
        PairOnDevice pair, in AlignmentOptions options, int preset, DocumentPair[] documents, int[] chunk, AlignedDocument?[] aligned, AlignmentReport report)
    {
        try
        {
            AlignChunk(pair, options, preset, documents, chunk, aligned, report);
        }
        catch (GpuException e) when (e.OutOfMemory && chunk.Length > 1)
        {
            Device.AddNotice($"{Device.Name} had no room for {chunk.Length} documents at once, so they were aligned in halves: the same results.");
            AlignInHalves(pair, options, preset, documents, chunk[..(chunk.Length / 2)], aligned, report);
            AlignInHalves(pair, options, preset, documents, chunk[(chunk.Length / 2)..], aligned, report);
        }
    }

    /// <summary>One chunk at once.</summary>
    private void AlignChunk(
        PairOnDevice pair, in AlignmentOptions options, int preset, DocumentPair[] documents, int[] chunk, AlignedDocument?[] aligned, AlignmentReport report)
    {
        int[] left = chunk;
        while (left.Length > 0)
        {
            bool[] refused = new bool[left.Length];
            var done = new AlignedDocument?[left.Length];
            var counted = new AlignmentReport();
            if (new ChunkRun(this, pair, options, preset, [.. left.Select(d => documents[d])], refused, counted).Align(done))
            {
                for (int d = 0; d < left.Length; d++)
                    aligned[left[d]] = done[d];
                report.Add(counted);
                return;
            }

            left = [.. left.Where((_, d) => !refused[d])];
        }
    }
}
