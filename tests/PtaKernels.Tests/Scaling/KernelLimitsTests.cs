using PtaKernels.Cli.Bench;
using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Tests.Scaling;

/// <summary>Limits against counts worked out by hand, and against what the kernels do.</summary>
public sealed class KernelLimitsTests
{
    private static readonly string[] Names =
    [
        "vector.logic", "vector.add8", "vector.add16", "vector.min16", "vector.compare16", "vector.shuffle", "f64.fma", "f64.multiply", "f64.add", "f64.divide", "f32.fma", "scalar.load",
        "level1.read", "level2.read", "memory.read", "memory.write",
    ];

    /// <summary>One instruction a second of each kind, eight doubles each.</summary>
    private static MachinePeaks Slow(string? fast = null) => new(64, Names.ToDictionary(static n => n, n => n == fast ? 1e9 : 1.0));

    [Test]
    public void OneInstructionASecond()
    {
        var limits = new KernelLimits(Slow());
        // Two problems of one iteration, two by two: four passes of an eighth of the lanes; 12 multiplications, 6 additions, 4 divisions and 6 others in each.
        Assert.That(limits.Official(2, 2, 2, 2).Rate, Is.EqualTo(2 / (0.5 * (12 + 6 + 4 + 6))).Within(1e-12));
        Assert.That(new KernelLimits(Slow("vector.logic")).Official(2, 2, 2, 2).Rate, Is.EqualTo(2 / (0.5 * 12)).Within(1e-12), "multiplications alone");
        Assert.That(limits.Single(160, "").Rate, Is.EqualTo(0.1).Within(1e-12), "sixteen in a vector");
        Assert.That(limits.Bytes(3, 4).Rate, Is.EqualTo(0.25).Within(1e-12));
        Assert.That(limits.Bytes(3, 4).By, Is.EqualTo("memory writes; 3 bytes read and 4 written a unit"));
    }

    [Test]
    public void PairsShareWhatColumnsShare()
    {
        TokenTape rows = TokenTape.FromStrings(["abc"]), apart = TokenTape.FromStrings(["abcd", "bcde"]), alike = TokenTape.FromStrings(["abcd", "abce"]);
        var limits = new KernelLimits(Slow());
        // One pattern is a 64th of a vector: ten instructions a symbol, eight or five of them; six instructions and four interleavings a column.
        Assert.That(limits.EditAllPairs(rows, [0], apart, [0, 1], false).Rate, Is.EqualTo(2 / ((80 + 12 + 8) / 64.0)).Within(1e-9));
        Assert.That(limits.EditAllPairs(rows, [0], alike, [0, 1], false).Rate, Is.EqualTo(2 / ((50 + 12 + 8) / 64.0)).Within(1e-9));
    }

    [Test]
    public void PeaksAreReadFromLines()
    {
        MachinePeaks peaks = MachinePeaks.Parse(32, "f64.fma 3.5e9\nmemory.read 20000000000\n");
        Assert.That(peaks["f64.fma"], Is.EqualTo(3.5e9));
        Assert.That(peaks["memory.read"], Is.EqualTo(2e10));
    }

    [Test]
    public void StripsOfASmallTableAreAllOfIt()
    {
        PathStrips strips = PathStrips.Of([0, 1, 1], [0, 1, 0, 1, 1], [0, 2, 3, 1], 2, 4);
        // Widths 4 and 1: 3 + 4 - 1 and 3 + 1 - 1 steps.
        Assert.That((strips.Steps, strips.TableSteps), Is.EqualTo((9, 9)));
        var path = new AlignmentPath();
        new ReferenceBackend().FindAlignmentPath([0, 1, 1], [0, 1, 0, 1, 1], new CommunityToolkit.HighPerformance.ReadOnlySpan2D<byte>(new byte[] { 0, 2, 3, 1 }, 2, 2), path);
        Assert.That(strips.Sum, Is.EqualTo(path.Cost));
    }

    [Test]
    public void AClearPathNeedsFewSteps([Values(2, 4)] int width)
    {
        // The diagonal alone is free: every strip needs its own rows, and the last one goes to the end.
        int[] ids = [.. Enumerable.Range(0, 64)];
        byte[] cost = [.. Enumerable.Range(0, 64 * 64).Select(static c => (byte)(c / 64 == c % 64 ? 0 : 9))];
        PathStrips strips = PathStrips.Of(ids, ids, cost, 64, width);
        Assert.That(strips.Sum, Is.Zero);
        Assert.That(strips.TableSteps, Is.EqualTo(64 / width * (64 + width - 1)));
        // A strip begins in the row before its first column's own and takes two steps a column, the first strip one less; the guide takes one step a column.
        Assert.That(strips.Steps, Is.EqualTo((2 * 64) - 1 + 64));
        Assert.That(strips.Bounded, Is.EqualTo(64 * 64));
    }

    [Test]
    public void OtherBackendsHaveNone() => Assert.That(KernelLimits.Of(new ReferenceBackend()), Is.Null);

    /// <summary>The kernels' rates are below their limits; the margin is for peaks that were measured beside other work.</summary>
    [Test]
    public void NoRateIsAboveItsLimit()
    {
        var backend = new NativeBackend();
        if (KernelLimits.Of(backend) is null)
            Assert.Ignore("no compiler, or an instruction set without peaks");
        string root = RepositoryFolder.Find()!;
        using var data = new BenchData(backend, Path.Combine(root, "tests", "golden"), Path.Combine(root, "samples", "vocab"), 0.2);
        foreach (BenchCase one in BenchSuite.Prepare(data, ["path.2048", "ot.official", "ot.certified", "doc.reference", "doc.paper"]).Where(static c => c.Limit is not null))
        {
            double rate = one.Ours.Run(0.1).Rate;
            RateLimit limit = one.Limit!.Invoke()!;
            Assert.That(rate, Is.Positive.And.LessThan(1.25 * limit.Rate), $"{one.Id}: {limit.By}");
        }
    }
}
