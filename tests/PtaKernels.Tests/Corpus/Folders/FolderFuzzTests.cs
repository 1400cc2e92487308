using System.Diagnostics;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>A damaged shard is read, or refused with a sentence; nothing else happens.</summary>
public sealed class FolderFuzzTests
{
    [Test]
    public void DamagedShardsAreReadOrRefused() => Fuzz(seed: 1, TimeSpan.FromSeconds(2));

    [Test]
    [Category("Long")]
    public void DamagedShardsAreReadOrRefusedForLonger() => Fuzz(seed: 2, TimeSpan.FromSeconds(10));

    [Test]
    [Category("Nightly")]
    public void DamagedShardsAreReadOrRefusedForAMinute() => Fuzz(seed: 3, TimeSpan.FromSeconds(60));

    private static void Fuzz(int seed, TimeSpan time)
    {
        using var scratch = new ScratchFolder();
        byte[][] wholes = [.. Enum.GetValues<ListKind>().Select(kind =>
        {
            OfficialFolder.WriteDataset(scratch["d"], new FolderLayout { PadTo = 10, RowsPerBatch = 2, Positions = kind, Candidates = kind }, "train", ModelRows.Make(3, 4));
            return File.ReadAllBytes(scratch["d/data-00000-of-00001.arrow"]);
        })];
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        int read = 0, refused = 0;
        TimeSpan slowest = TimeSpan.Zero;
        while (clock.Elapsed < time)
        {
            byte[] bytes = Damage(random, wholes[random.Next(wholes.Length)]);
            File.WriteAllBytes(scratch["d/data-00000-of-00001.arrow"], bytes);
            TimeSpan start = clock.Elapsed;
            try
            {
                ReadAndWrite(scratch);
                read++;
            }
            catch (AlignmentDataException e)
            {
                Assert.That(e.Message, Does.EndWith(".").And.StartsWith(scratch.Path));
                refused++;
            }
            catch (Exception e) when (e is not AssertionException)
            {
                string kept = Path.Combine(Path.GetTempPath(), $"pta-fuzz-{seed}-{read + refused}.arrow");
                File.WriteAllBytes(kept, bytes);
                Assert.Fail($"case {read + refused} of seed {seed} ({kept}): {e}");
            }

            TimeSpan took = clock.Elapsed - start;
            slowest = took > slowest ? took : slowest;
        }

        TestContext.Out.WriteLine($"{read} read, {refused} refused, the slowest in {slowest.TotalSeconds:F2} s");
        Assert.That(Math.Min(read, refused), Is.Positive);
        Assert.That(slowest, Is.LessThan(TimeSpan.FromSeconds(5)), "a damaged length was believed");
    }

    private static byte[] Damage(Random random, byte[] whole)
    {
        byte[] bytes = [.. whole];
        if (random.Next(8) == 0)
            return bytes[..random.Next(bytes.Length)];
        // Metadata is a small part of a file and the most delicate one: half of the flips go to its first bytes.
        int reach = random.Next(2) == 0 ? Math.Min(2048, bytes.Length) : bytes.Length;
        for (int flips = random.Next(1, 5); flips > 0; flips--)
            bytes[random.Next(reach)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    private static void ReadAndWrite(ScratchFolder scratch)
    {
        var folder = new DatasetFolder(scratch["d"]);
        using IDocumentWriter writer = folder.OpenOutput(scratch["out"], replace: true, [folder], OutputUnit.Official);
        foreach (IDocumentRecord record in folder.Read(folder.Splits[0]))
        {
            TokenizedDocument document = record.Parse();
            writer.Write(record, document, [document], new FusedDocument([new AlignedDocument(document.Id, OutputUnit.Official)], null));
        }

        writer.Commit();
    }
}
