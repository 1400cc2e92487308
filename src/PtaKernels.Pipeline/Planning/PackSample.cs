using PtaKernels.Training;

namespace PtaKernels.Pipeline.Planning;

/// <summary>Packs the aligned sample for real, in a folder that is removed afterwards.</summary>
internal sealed class PackSample(AlignmentSample sample, int length, string folder)
{
    /// <summary>Measures.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="cancellation">Stops it.</param>
    public PackMeasurement Run(int rounds, CancellationToken cancellation)
    {
        string aligned = Path.Combine(folder, "aligned"), packed = Path.Combine(folder, "packed");
        int[] repeated = [.. Enumerable.Repeat(Enumerable.Range(0, sample.Documents.Count), sample.Repeats).SelectMany(static d => d)];
        sample.RunOver(sample.FreshSources(), repeated, 0, aligned, open: null).Run(sample.Backend, sample.Options, cancellation);
        PackingReport? report = null;
        StageTiming timing = StageTiming.Of(rounds, () => report!.Tokens, () => report = new PackingRun { InputPath = aligned, OutputPath = packed, Length = length, Replace = true }.Run(cancellation));
        long bytes = Directory.EnumerateFiles(packed, "*", SearchOption.AllDirectories).Sum(static f => new FileInfo(f).Length);
        return new PackMeasurement(timing, (double)bytes / report!.Tokens);
    }
}

/// <summary>What packing a sample came to.</summary>
/// <param name="Timing">Rounds.</param>
/// <param name="BytesPerToken">Bytes of the packed dataset per target token.</param>
internal sealed record PackMeasurement(StageTiming Timing, double BytesPerToken);
