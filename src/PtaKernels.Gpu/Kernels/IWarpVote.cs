using ILGPU;
using ILGPU.Runtime.Cuda;

namespace PtaKernels.Gpu;

/// <summary>One bit of every lane of a warp, in all of its lanes. Every lane must take part.</summary>
internal interface IWarpVote
{
    /// <summary>Bit l is the value of lane l.</summary>
    /// <param name="value">This lane's.</param>
    /// <param name="scratch">[threads of the block] shared memory for devices without an instruction for it.</param>
    static abstract int Ballot(bool value, ArrayView<int> scratch);
}

/// <summary>The instruction.</summary>
internal readonly struct CudaVote : IWarpVote
{
    /// <inheritdoc/>
    public static int Ballot(bool value, ArrayView<int> scratch)
    {
        int bit = value ? 1 : 0;
        CudaAsm.Emit("{ .reg .pred p; setp.ne.s32 p, %1, 0; vote.sync.ballot.b32 %0, p, 0xffffffff; }", out int bits, bit);
        return bits;
    }
}

/// <summary>Through shared memory.</summary>
internal readonly struct PlainVote : IWarpVote
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
}
