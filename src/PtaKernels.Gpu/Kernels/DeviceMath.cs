using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;

namespace PtaKernels.Gpu;

/// <summary>Float64 arithmetic inside kernels: what ILGPU lacks, and what must have the same bits everywhere.</summary>
internal static class DeviceMath
{
    /// <summary>2^(j/16), j = 0..15, correctly rounded: the table of <see cref="StableExp"/>.</summary>
    public static readonly double[] Powers =
        [.. Enumerable.Range(0, 16).Select(static j => Steps.StableExp.PowerOf(j))];

    private const double Log2E = 1.4426950408889634;
    private const double Ln2High = 0.6931471803691238; // its last 32 bits are 0, so k * Ln2High is exact
    private const double Ln2Low = 1.9082149292705877e-10;
    private const double RoundShift = 6755399441055744; // 1.5 * 2^52: adding it rounds to an integer and leaves that integer in the low bits

    /// <summary>exp(x) with the bits of <see cref="Steps.StableExp.Exp"/> for |x| below 707; 0 below, infinity above, NaN for NaN.</summary>
    /// <param name="x">The exponent.</param>
    /// <param name="powers">[16] <see cref="Powers"/> on the device.</param>
    public static double StableExp(double x, ArrayView<double> powers)
    {
        const double sixteenOverLn2 = 16 * 1.4426950408889634;
        if (!(Math.Abs(x) < 707.7032713517042))
            return x < 0 ? 0 : x > 0 ? double.PositiveInfinity : x;
        // The exact floor: the product is rounded, its error is not.
        double k = XMath.Floor(x * sixteenOverLn2);
        double rest = Math.FusedMultiplyAdd(x, sixteenOverLn2, -k);
        k += rest < 0 ? -1 : rest >= 1 ? 1 : 0;
        double n = k / 16;
        double r = Math.FusedMultiplyAdd(-n, 2.3190468138462996e-17, Math.FusedMultiplyAdd(-n, 0.6931471805599453, x));
        double r2 = r * r;
        double high = Math.FusedMultiplyAdd(r, 0.0014149452874381984, 0.008332058899382488);
        double middle = Math.FusedMultiplyAdd(r, 0.041666695348322125, 0.16666666637508337);
        double low = Math.FusedMultiplyAdd(r2, 0.5000000000010838, r);
        double p = Math.FusedMultiplyAdd(Math.FusedMultiplyAdd(high, r2, middle), r2 * r, low);
        double power = powers[(int)k & 15];
        return ScaleByPowerOfTwo(Math.FusedMultiplyAdd(p, power, power), (int)XMath.Floor(n));
    }

    /// <summary><see cref="StableExp"/>, and below its range as close to the host's as subnormal results go: for weights of which only those that are 0 do not count.</summary>
    /// <param name="x">The exponent.</param>
    /// <param name="powers">[16] <see cref="Powers"/> on the device.</param>
    public static double WideExp(double x, ArrayView<double> powers)
    {
        // Adding 512 is exact there, and 2^-1075 rounds to 0 in the product.
        bool small = x <= -707.7032713517042 && x > -746;
        double value = StableExp(small ? x + 512 : x, powers);
        return small ? value * 4.377491037053051e-223 : value;
    }

    /// <summary>exp(x) within 1 ulp for x up to 709; 0 below -708, where the result would be subnormal. For transports, whose certificate measures what it does.</summary>
    public static double Exp(double x)
    {
        if (x < -708)
            return 0;
        double shifted = Math.FusedMultiplyAdd(x, Log2E, RoundShift);
        int k = (int)Interop.FloatAsInt(shifted);
        double n = shifted - RoundShift;
        double r = Math.FusedMultiplyAdd(-n, Ln2Low, Math.FusedMultiplyAdd(-n, Ln2High, x));
        // Taylor to degree 13 on |r| <= ln2/2: the next term is below 2^-57.
        double p = Math.FusedMultiplyAdd(1.6059043836821613e-10, r, 2.08767569878681e-9);
        p = Math.FusedMultiplyAdd(p, r, 2.505210838544172e-8);
        p = Math.FusedMultiplyAdd(p, r, 2.755731922398589e-7);
        p = Math.FusedMultiplyAdd(p, r, 2.7557319223985893e-6);
        p = Math.FusedMultiplyAdd(p, r, 2.48015873015873e-5);
        p = Math.FusedMultiplyAdd(p, r, 1.984126984126984e-4);
        p = Math.FusedMultiplyAdd(p, r, 1.388888888888889e-3);
        p = Math.FusedMultiplyAdd(p, r, 8.333333333333333e-3);
        p = Math.FusedMultiplyAdd(p, r, 4.1666666666666664e-2);
        p = Math.FusedMultiplyAdd(p, r, 0.16666666666666666);
        p = Math.FusedMultiplyAdd(p, r, 0.5);
        p = Math.FusedMultiplyAdd(p, r, 1);
        p = Math.FusedMultiplyAdd(p, r, 1);
        return ScaleByPowerOfTwo(p, k);
    }

    /// <summary>x * 2^k where both x and the result are normal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double ScaleByPowerOfTwo(double x, int k) => Interop.IntAsFloat(Interop.FloatAsInt(x) + ((ulong)(long)k << 52));
}
