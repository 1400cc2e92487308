using PtaKernels.Gpu;

namespace PtaKernels.Tests.Gpu;

/// <summary>The self-test on the emulator, whose twin is compared with the host.</summary>
public sealed class SelfTestTests
{
    [Test]
    public void TheTwinPassesAndAWrongCellIsReplaced()
    {
        using GpuDevice device = GpuDevice.OpenEmulator();
        Assert.That(SelfTest.Run(device, null).PackedCells, Is.False);
        Assert.That(SelfTest.Run(device, Twin).PackedCells, Is.True);
        Assert.That(device.Notices, Is.Empty);

        // One bit of one result in 65,536, and a cell that prefers up to the diagonal on ties.
        SelfTest.Cell[] wrong =
        [
            (diagonal, up, left, least, held) =>
            {
                Twin(diagonal, up, left, least, held);
                least[^1] ^= 0x0001_0000;
            },
            (diagonal, up, left, least, held) =>
            {
                Twin(diagonal, up, left, least, held);
                held[SelfTest.Inputs / 2] ^= 4;
            },
            (diagonal, up, left, least, held) => Twin(up, diagonal, left, least, held),
        ];
        foreach (SelfTest.Cell cell in wrong)
            Assert.That(SelfTest.Run(device, cell).PackedCells, Is.False);
        Assert.That(device.Notices, Has.Count.EqualTo(wrong.Length));
        Assert.That(device.Notices, Has.All.Contains("packed 16-bit minimum").And.All.Contains("instead of"));
    }

    private static void Twin(ReadOnlySpan<uint> diagonal, ReadOnlySpan<uint> up, ReadOnlySpan<uint> left, Span<uint> least, Span<uint> held)
    {
        for (int i = 0; i < least.Length; i++)
        {
            least[i] = PackedTwin.Least(diagonal[i], up[i], left[i]);
            held[i] = PackedTwin.Hold(diagonal[i]);
        }
    }
}
