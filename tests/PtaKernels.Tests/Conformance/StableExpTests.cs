using PtaKernels.Steps;

namespace PtaKernels.Tests.Conformance;

public sealed class StableExpTests
{
    /// <summary>Bits of x and of NumPy 1.24.2's exp(x) on an AVX-512 machine.</summary>
    private static readonly (ulong X, ulong Exp)[] NumPy =
    [
        (0x8000000000000000, 0x3FF0000000000000),
        (0xC03E000000000000, 0x3D3A56E0C2AC7F75),
        (0xC04E000000000000, 0x3A85AE191A99585A),
        (0xC056800000000000, 0x37D1D8508FA8246B),
        (0xC05E000000000000, 0x351D606847FC727A),
        (0xC062C00000000000, 0x32682E16284F5EC5),
        (0xC066800000000000, 0x2FB3E717B201AAD4),
        (0xC06A400000000000, 0x2D0061CC1B09E660),
        (0xC06E000000000000, 0x2A4AF7DF757D4EB6),
        (0xC070E00000000000, 0x2796329D232DE198),
        (0xC072C00000000000, 0x24E245639C3A49F7),
        (0xC074A00000000000, 0x222E13F77F074FF1),
        (0xC076800000000000, 0x1F78C1E2031AFD5F),
        (0xC078600000000000, 0x1CC460BE95B93B11),
        (0xC07A400000000000, 0x1A10C5EDFB075673),
        (0xC07C200000000000, 0x175B9CB63629A932),
        (0xC07E000000000000, 0x14A6BA4B26A9CD8A),
        (0xC07FE00000000000, 0x11F2B5115BB3D971),
        (0xC080E00000000000, 0x0F3ECBD03CE14DD8),
        (0xC081D00000000000, 0x0C8959353F25F783),
        (0xC082C00000000000, 0x09D4DD4D0D12C071),
        (0xC083B00000000000, 0x07212C73E5BBD5FC),
        (0xC084A00000000000, 0x046C457C838EC18B),
        (0xC085900000000000, 0x01B745367BEACEC7),
        (0xBF80000000000000, 0x3FEFC03FD56AA226),
        (0xBFE0000000000000, 0x3FE368B2FC6F960A),
        (0xBFF4CCCCCCCCCCCD, 0x3FD17129308CE281),
        (0xC005BF0995AAF790, 0x3FB0E4998E19479F),
        (0xC00B300000000000, 0x3FA11D2434A75EFA),
        (0xC01F000000000000, 0x3F3C3AA91FF0D498),
        (0xC02A080000000000, 0x3EC2AAC40D5D00E8),
        (0xC03419999999999A, 0x3E200532AF8B0CF5),
        (0x3C670EF54646D497, 0x3FF0000000000000),
        (0x3FD3333333333333, 0x3FF599058C8C1A96),
        (0x3FF0000000000000, 0x4005BF0A8B145769),
        (0x4004000000000000, 0x40285D6FD931E0BB),
        (0x4024800000000000, 0x40DB9EA2AED2A0F1),
        (0x4059080000000000, 0x48F5DAAF24221D5E),
        (0x4085E40000000000, 0x7F18625C7D4F56C3),
        (0xC085E40000000000, 0x00C4FF475C68CA02),
    ];

    [Test]
    public void HasTheBitsOfNumPyOnAvx512()
    {
        foreach ((ulong x, ulong exp) in NumPy)
        {
            double argument = BitConverter.UInt64BitsToDouble(x);
            Assert.That(BitConverter.DoubleToUInt64Bits(StableExp.Exp(argument)), Is.EqualTo(exp), $"exp({argument:R})");
        }
    }

    [Test]
    public void StaysWithinOneUlpOfTheLibrary()
    {
        var random = new Random(1);
        for (int i = 0; i < 200_000; i++)
        {
            double x = (random.NextDouble() - 0.5) * (i % 2 == 0 ? 1400 : 4);
            long actual = BitConverter.DoubleToInt64Bits(StableExp.Exp(x)), library = BitConverter.DoubleToInt64Bits(Math.Exp(x));
            Assert.That(Math.Abs(actual - library), Is.LessThanOrEqualTo(1), $"exp({x:R})");
        }
    }

    [TestCase(double.NaN, double.NaN)]
    [TestCase(double.PositiveInfinity, double.PositiveInfinity)]
    [TestCase(double.NegativeInfinity, 0)]
    [TestCase(-800, 0)]
    [TestCase(800, double.PositiveInfinity)]
    [TestCase(0, 1)]
    public void KeepsTheEnds(double x, double expected) => Assert.That(StableExp.Exp(x), Is.EqualTo(expected));
}
