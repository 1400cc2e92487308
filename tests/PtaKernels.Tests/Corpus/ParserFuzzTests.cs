using System.Diagnostics;
using System.Globalization;
using ParquetSharp;
using PtaKernels.Corpus;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus;

/// <summary>Damaged files of every form are read, or refused with a sentence: no other exception, no crash, no hang, no room made for what a file only claims.</summary>
/// <remarks>
/// The environment variable PTAKERNELS_FUZZ_SECONDS sets the time of each form. A file that is read wrongly is kept in the folder for temporary files. Parquet is read by native
/// code in this process; what it is given first passes our own check of the footer and the page headers.
/// </remarks>
public sealed class ParserFuzzTests
{
    private const long MostBytes = 64_000_000;

    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(5);

    [TestCaseSource(typeof(FuzzForm), nameof(FuzzForm.All))]
    public void DamagedFilesAreReadOrRefused(FuzzForm form) => Fuzz(form, seed: 1, SecondsOr(0.25));

    [Category("Long")]
    [TestCaseSource(typeof(FuzzForm), nameof(FuzzForm.All))]
    public void DamagedFilesAreReadOrRefusedForLonger(FuzzForm form) => Fuzz(form, seed: 3, SecondsOr(2));

    [Category("Nightly")]
    [TestCaseSource(typeof(FuzzForm), nameof(FuzzForm.All))]
    public void DamagedFilesAreReadOrRefusedForTenMinutes(FuzzForm form) => Fuzz(form, seed: 2, SecondsOr(600.0 / FuzzForm.All.Count()));

    private static double SecondsOr(double seconds) =>
        double.TryParse(Environment.GetEnvironmentVariable("PTAKERNELS_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out double given) ? given : seconds;

    private static void Fuzz(FuzzForm form, int seed, double seconds)
    {
        using var scratch = new ScratchFolder();
        IReadOnlyList<byte[]> wholes = form.Wholes(name => scratch[name]);
        foreach (byte[] whole in wholes)
        {
            File.WriteAllBytes(scratch[form.File], whole);
            Assert.That(Read(form, scratch), Is.Positive, "the file is good before it is damaged");
        }

        MemoryPool pool = MemoryPool.GetDefaultMemoryPool();
        long nativeBefore = pool.MaxMemory; // of the whole process, so of other tests too
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        int read = 0, refused = 0;
        (TimeSpan Time, long Bytes) worst = default;
        while (clock.Elapsed.TotalSeconds < seconds || read + refused < 20)
        {
            byte[] bytes = FileDamage.Of(random, wholes);
            if (form.Mend is { } mend)
                bytes = mend(name => scratch[name], bytes);
            File.WriteAllBytes(scratch[form.File], bytes);
            TimeSpan start = clock.Elapsed;
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                _ = Read(form, scratch);
                read++;
            }
            catch (AlignmentDataException e)
            {
                refused++;
                if (!e.Message.EndsWith('.') || !e.Message.StartsWith(scratch.Path, StringComparison.Ordinal))
                    Fail(form, seed, read + refused, bytes, $"no sentence about the file: {e.Message}");
            }
            catch (Exception e)
            {
                Fail(form, seed, read + refused, bytes, e.ToString());
            }

            worst = (Longer(worst.Time, clock.Elapsed - start), Math.Max(worst.Bytes, GC.GetAllocatedBytesForCurrentThread() - before));
            if (worst.Time > Slowest || worst.Bytes > MostBytes)
                Fail(form, seed, read + refused, bytes, $"it took {worst.Time.TotalSeconds:F1} s and {worst.Bytes} bytes");
        }

        TestContext.Out.WriteLine($"{form}: {read} read, {refused} refused, the slowest in {worst.Time.TotalSeconds:F2} s, the largest with {worst.Bytes} bytes, native {pool.MaxMemory} bytes");
        Assert.That(refused, Is.Positive);
        Assert.That(pool.MaxMemory, Is.LessThanOrEqualTo(Math.Max(nativeBefore, MostBytes)), "native code made room for a forged length");
    }

    private static int Read(FuzzForm form, ScratchFolder scratch) => form.Read?.Invoke(scratch[form.Open]) ?? DocumentFiles.Read(scratch[form.Open]).Count();

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static void Fail(FuzzForm form, int seed, int number, byte[] bytes, string what)
    {
        string kept = Path.Combine(Path.GetTempPath(), $"pta-fuzz-{form.Name.Replace(' ', '-')}-{seed}-{number}");
        File.WriteAllBytes(kept, bytes);
        Assert.Fail($"case {number} of seed {seed} ({kept}): {what}");
    }
}
