using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Elementary functions of the transport kernels.</summary>
internal static class TransportMath
{
    private const double Ln2High = 0.6931471805598903; // its last bits are 0, so k * Ln2High is exact
    private const double Ln2Low = 5.497923018708371e-14;
    private const double RoundShift = 6755399441055744;
    private const long RootHalf = 0x3fe6a09e667f3bcd;

    /// <summary>log within about 1 ulp for normal positive x.</summary>
    public static double Log(double x)
    {
        // x = 2^e · y with y in [sqrt(1/2), sqrt(2)), then log y = 2·atanh(s), s = (y − 1) / (y + 1), |s| <= 0.172.
        long bits = (long)Interop.FloatAsInt(x) - RootHalf;
        long e = bits >> 52;
        double y = Interop.IntAsFloat((ulong)((bits & 0xfffffffffffff) + RootHalf));
        double exponent = Interop.IntAsFloat((ulong)(e + 0x4338000000000000)) - RoundShift;
        double s = (y - 1) / (y + 1), s2 = s * s;
        double series = Math.FusedMultiplyAdd(2.0 / 21, s2, 2.0 / 19);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 17);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 15);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 13);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 11);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 9);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 7);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 5);
        series = Math.FusedMultiplyAdd(series, s2, 2.0 / 3);
        double low = Math.FusedMultiplyAdd(exponent, Ln2Low, series * s2 * s);
        return Math.FusedMultiplyAdd(exponent, Ln2High, s + s + low);
    }
}
