using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Reductions over the lanes of a warp; every lane must take part.</summary>
internal static class WarpMath
{
    /// <summary>The sum over all lanes, the same bits in each: a butterfly.</summary>
    public static double Sum(double value)
    {
        value += Warp.ShuffleXor(value, 16);
        value += Warp.ShuffleXor(value, 8);
        value += Warp.ShuffleXor(value, 4);
        value += Warp.ShuffleXor(value, 2);
        return value + Warp.ShuffleXor(value, 1);
    }

    /// <summary>The least over all lanes, in each.</summary>
    public static int Least(int value)
    {
        value = Math.Min(value, Warp.ShuffleXor(value, 16));
        value = Math.Min(value, Warp.ShuffleXor(value, 8));
        value = Math.Min(value, Warp.ShuffleXor(value, 4));
        value = Math.Min(value, Warp.ShuffleXor(value, 2));
        return Math.Min(value, Warp.ShuffleXor(value, 1));
    }
}
