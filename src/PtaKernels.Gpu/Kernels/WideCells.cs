using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Two values of 32 bits.</summary>
internal struct IntPair
{
    public int Low;
    public int High;
}

/// <summary>Two values of 64 bits.</summary>
internal struct LongPair
{
    public long Low;
    public long High;
}

/// <summary>Two 32-bit cells: totals below 535,822,336, costs up to 65,535.</summary>
internal readonly struct IntCell : IPathCell<IntPair>
{
    // Eight costs of 65,535, four times, and a direction fit above it.
    private const int Most = int.MaxValue - (1 << 22) + 1;

    public static long Limit => Most / 4;

    public static IntPair Outside() => new() { Low = Most, High = Most };

    public static IntPair Start() => new() { Low = 0, High = Most };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntPair Least(IntPair diagonal, IntPair up, IntPair left) => new()
    {
        Low = Math.Min(Math.Min(up.Low + 1, diagonal.Low), left.Low + 2),
        High = Math.Min(Math.Min(up.High + 1, diagonal.High), left.High + 2),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Directions(IntPair least) => (uint)(least.Low & 3) | ((uint)(least.High & 3) << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntPair Add(IntPair least, uint directions, uint costs) => new()
    {
        Low = (least.Low & ~3) + (int)((costs & 0xFFFF) << 2),
        High = (least.High & ~3) + (int)((costs >> 16) << 2),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntPair Hold(IntPair value) => new() { Low = Math.Min(value.Low, Most), High = Math.Min(value.High, Most) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntPair Lesser(IntPair one, IntPair other) => new() { Low = Math.Min(one.Low, other.Low), High = Math.Min(one.High, other.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntPair Join(IntPair left, IntPair own) => new() { Low = left.High, High = own.Low };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntPair FromLaneBefore(IntPair value) => new() { Low = Warp.ShuffleUp(value.Low, 1), High = Warp.ShuffleUp(value.High, 1) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntPair FromLaneAfter(IntPair value) => new() { Low = Warp.ShuffleDown(value.Low, 1), High = Warp.ShuffleDown(value.High, 1) };

    public static long Sum(IntPair value, int high) => (high == 0 ? value.Low : value.High) >> 2;
}

/// <summary>Two 64-bit cells: every total.</summary>
internal readonly struct LongCell : IPathCell<LongPair>
{
    private const long Most = 1L << 60;

    public static long Limit => Most / 4;

    public static LongPair Outside() => new() { Low = Most, High = Most };

    public static LongPair Start() => new() { Low = 0, High = Most };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LongPair Least(LongPair diagonal, LongPair up, LongPair left) => new()
    {
        Low = Math.Min(Math.Min(up.Low + 1, diagonal.Low), left.Low + 2),
        High = Math.Min(Math.Min(up.High + 1, diagonal.High), left.High + 2),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Directions(LongPair least) => (uint)(least.Low & 3) | ((uint)(least.High & 3) << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LongPair Add(LongPair least, uint directions, uint costs) => new()
    {
        Low = (least.Low & ~3L) + ((costs & 0xFFFF) << 2),
        High = (least.High & ~3L) + ((costs >> 16) << 2),
    };

    // 2^31 rows and as many columns of the largest cost stay far below the next power of two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LongPair Hold(LongPair value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LongPair Lesser(LongPair one, LongPair other) => new() { Low = Math.Min(one.Low, other.Low), High = Math.Min(one.High, other.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LongPair Join(LongPair left, LongPair own) => new() { Low = left.High, High = own.Low };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LongPair FromLaneBefore(LongPair value) => new() { Low = Warp.ShuffleUp(value.Low, 1), High = Warp.ShuffleUp(value.High, 1) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LongPair FromLaneAfter(LongPair value) => new() { Low = Warp.ShuffleDown(value.Low, 1), High = Warp.ShuffleDown(value.High, 1) };

    public static long Sum(LongPair value, int high) => (high == 0 ? value.Low : value.High) >> 2;
}
