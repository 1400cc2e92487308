using System.Diagnostics;
using System.Globalization;
using PtaKernels.Gpu;

namespace PtaKernels.Cli.Verify.Random;

/// <summary>How one kernel's random problems ended.</summary>
internal sealed record RandomResult(string Kernel, long Problems, long Differences, long Ties, double Seconds)
{
    /// <summary>Share of the problems that may differ by a tie in the last bits of an argmax (SPEC A4).</summary>
    private const double AllowedTies = 0.002;

    /// <summary>Problems that count as failed.</summary>
    public long Failed => Ties > AllowedTies * Problems ? Differences + Ties : Differences;

    /// <summary>Problems that agree.</summary>
    public long Passed => Math.Max(0, Problems - Failed);

    /// <summary>One line.</summary>
    public override string ToString()
    {
        string ties = Ties == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {Ties:N0} argmax ties{(Failed > Differences ? ", over the 0.2 % allowed" : "")}");
        return string.Create(CultureInfo.InvariantCulture, $"{Kernel}: {Problems:N0} problems, {Differences:N0} differences{ties}");
    }
}

/// <summary>Draws random problems kernel by kernel and compares two backends on them, on all cores.</summary>
/// <param name="backend">The backend under test.</param>
/// <param name="against">The backend whose answers count.</param>
/// <param name="seed">Seed of the first chunk; the next chunk has the next seed.</param>
internal sealed class RandomRun(IKernelBackend backend, IKernelBackend against, int seed)
{
    // A device is kept busy by the chunks that several cores draw at once; the emulator runs one kernel at a time.
    private readonly bool _emulated = IsEmulator(backend) || IsEmulator(against);
    private readonly bool _onDevice = backend is GpuBackend || against is GpuBackend;

    /// <summary>The first differences of each kernel, with what runs them again.</summary>
    public List<string> Differences { get; } = [];

    /// <summary>Problems that one chunk of a kernel is asked for.</summary>
    public int ChunkOf(RandomKernel kernel, long problems) => (int)Math.Min(problems, _emulated ? kernel.Few : _onDevice ? kernel.Many : kernel.Usual);

    /// <summary>One kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="problems">Problems asked for, at least 1; whole chunks are drawn.</param>
    /// <param name="terminal">Where progress goes.</param>
    public RandomResult Run(RandomKernel kernel, long problems, Terminal terminal)
    {
        long wanted = Math.Max(1, problems / kernel.OneIn);
        int chunk = ChunkOf(kernel, wanted), next = 0;
        // What is being drawn counts as drawn, so that many cores do not draw a chunk too many each.
        long claimed = 0, done = 0, differences = 0, ties = 0;
        bool stopped = false;
        var first = new SortedList<int, IReadOnlyList<string>>();
        var clock = Stopwatch.StartNew();
        ProgressReport.Run(terminal, kernel.Name, "problems", wanted, report =>
            Parallel.For(0, _emulated ? 1 : Environment.ProcessorCount, _ =>
            {
                while (Claim() is var number and >= 0)
                {
                    (int drawn, Findings findings, bool broken) = Check(kernel, unchecked(seed + number), chunk);
                    lock (first)
                    {
                        claimed += drawn - chunk;
                        done += drawn;
                        differences += findings.Differences;
                        ties += findings.Ties;
                        stopped |= broken;
                        if (findings.Messages.Count > 0)
                            first.Add(number, findings.Messages);
                        report(drawn);
                    }
                }
            }));
        foreach ((int number, string message) in first.SelectMany(static c => c.Value.Select(m => (c.Key, m))).Take(Findings.MostMessages))
            Differences.Add($"{kernel.Name}, seed {unchecked(seed + number)}: {message.TrimEnd('.')}. Again: {Again(kernel, chunk, unchecked(seed + number))}");
        return new RandomResult(kernel.Name, done, differences, ties, clock.Elapsed.TotalSeconds);

        int Claim()
        {
            lock (first)
            {
                if (stopped || claimed >= wanted)
                    return -1;
                claimed += chunk;
                return next++;
            }
        }
    }

    /// <summary>Draws one chunk and compares it; a backend that throws has failed on all of it, and is not asked again.</summary>
    private (int Problems, Findings Findings, bool Broken) Check(RandomKernel kernel, int chunkSeed, int wanted)
    {
        RandomChunk chunk = kernel.Draw(new System.Random(chunkSeed), against, wanted);
        var findings = new Findings();
        try
        {
            chunk.Compare(backend, findings);
            return (chunk.Problems, findings, false);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
        {
            findings.Differs($"{backend.Name} stopped: {e.GetType().Name}, {e.Message}");
            return (chunk.Problems, findings, true);
        }
    }

    private string Again(RandomKernel kernel, long chunk, int chunkSeed) => string.Create(
        CultureInfo.InvariantCulture, $"pta verify --random {chunk * kernel.OneIn} --kernel {kernel.Id} --seed {chunkSeed} --backend {backend.Name} --against {against.Name}");

    private static bool IsEmulator(IKernelBackend one) => one.Name == GpuBackend.Emulator;
}
