using ILGPU;
using ILGPU.Runtime.Cuda;

namespace PtaKernels.Gpu;

/// <summary>What kernels do with instructions that only CUDA devices have.</summary>
internal interface IInstructions
{
    /// <summary>Bit l is the value of lane l, in every lane. Every lane of the warp must take part.</summary>
    /// <param name="value">This lane's.</param>
    /// <param name="scratch">[threads of the block] shared memory for devices without an instruction for it.</param>
    static abstract int Ballot(bool value, ArrayView<int> scratch);

    /// <summary>x0 / y0 and x1 / y1, correctly rounded.</summary>
    static abstract Pair Divide(double x0, double y0, double x1, double y1);

    /// <summary>sum and the products of four signed bytes with four others, modulo 2^32.</summary>
    static abstract int Dot(int a, int b, int sum);
}

/// <summary>With those instructions.</summary>
internal readonly struct CudaInstructions : IInstructions
{
    /// <inheritdoc/>
    public static int Ballot(bool value, ArrayView<int> scratch)
    {
        int bit = value ? 1 : 0;
        CudaAsm.Emit("{ .reg .pred p; setp.ne.s32 p, %1, 0; vote.sync.ballot.b32 %0, p, 0xffffffff; }", out int bits, bit);
        return bits;
    }

    /// <inheritdoc/>
    /// <remarks>The steps that ptxas makes of one division, for two at a time, so that neither waits for the other and one branch serves both.</remarks>
    public static Pair Divide(double x0, double y0, double x1, double y1)
    {
        double r0 = Reciprocal(y0), r1 = Reciprocal(y1);
        double q0 = x0 * r0, q1 = x1 * r1;
        q0 = Math.FusedMultiplyAdd(r0, Math.FusedMultiplyAdd(-y0, q0, x0), q0);
        q1 = Math.FusedMultiplyAdd(r1, Math.FusedMultiplyAdd(-y1, q1, x1), q1);
        Pair quotients = default;
        quotients.First = q0;
        quotients.Second = q1;
        if (IsOrdinary(x0, y0, q0) && IsOrdinary(x1, y1, q1))
            return quotients;
        quotients.First = x0 / y0;
        quotients.Second = x1 / y1;
        return quotients;
    }

    /// <inheritdoc/>
    public static int Dot(int a, int b, int sum)
    {
        CudaAsm.Emit("dp4a.s32.s32 %0, %1, %2, %3;", out int result, a, b, sum);
        return result;
    }

    private static double Reciprocal(double y)
    {
        double r = Interop.IntAsFloat(((ulong)(uint)UpperOfReciprocal(y) << 32) | 1);
        double e = Math.FusedMultiplyAdd(-y, r, 1);
        r = Math.FusedMultiplyAdd(r, Math.FusedMultiplyAdd(e, e, e), r);
        return Math.FusedMultiplyAdd(r, Math.FusedMultiplyAdd(-y, r, 1), r);
    }

    /// <summary>The upper half of about 1 / y, all that the instruction computes. As an integer it needs no stack frame.</summary>
    private static int UpperOfReciprocal(double y)
    {
        CudaAsm.Emit("{ .reg .f64 r; .reg .b32 low; rcp.approx.ftz.f64 r, %1; mov.b64 {low, %0}, r; }", out int upper, y);
        return upper;
    }

    /// <summary>Whether no step on the way left the range of normal numbers. The upper half of a double, read as a float, tells: false for infinities and NaN.</summary>
    private static bool IsOrdinary(double x, double y, double q) =>
        Math.Abs(Upper(x)) >= 6.5827683646048100446e-37f && Math.Abs((0f * Upper(y)) + Upper(q)) > 1.469367938527859385e-39f;

    private static float Upper(double x) => Interop.IntAsFloat((uint)(Interop.FloatAsInt(x) >> 32));
}

/// <summary>Without them, on any device.</summary>
internal readonly struct PlainInstructions : IInstructions
{
    /// <inheritdoc/>
    public static int Ballot(bool value, ArrayView<int> scratch)
    {
        int first = Group.IdxX - Warp.LaneIdx, bits = 0;
        scratch[Group.IdxX] = value ? 1 : 0;
        Warp.Barrier();
        for (int lane = 0; lane < Warp.WarpSize; lane++)
            bits |= scratch[first + lane] << lane;
        Warp.Barrier();
        return bits;
    }

    /// <inheritdoc/>
    public static Pair Divide(double x0, double y0, double x1, double y1)
    {
        Pair quotients = default;
        quotients.First = x0 / y0;
        quotients.Second = x1 / y1;
        return quotients;
    }

    /// <inheritdoc/>
    public static int Dot(int a, int b, int sum) =>
        sum + ((sbyte)a * (sbyte)b) + ((sbyte)(a >> 8) * (sbyte)(b >> 8)) + ((sbyte)(a >> 16) * (sbyte)(b >> 16)) + ((a >> 24) * (b >> 24));
}
