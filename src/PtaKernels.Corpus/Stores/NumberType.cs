using System.Runtime.InteropServices;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Stores;

/// <summary>How a store keeps numbers.</summary>
public enum NumberType
{
    /// <summary>16 bits.</summary>
    Float16,

    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>64 bits.</summary>
    Float64,
}

/// <summary>Numbers of a <see cref="NumberType"/> in memory.</summary>
internal static class Numbers
{
    /// <summary>Every float16, widened: one load per number instead of a dozen instructions.</summary>
    private static readonly float[] Halves = [.. Enumerable.Range(0, 1 << 16).Select(static bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits))];

    /// <summary>The Arrow type.</summary>
    public static FixedWidthType ArrowTypeOf(NumberType type) => type switch
    {
        NumberType.Float16 => HalfFloatType.Default,
        NumberType.Float32 => FloatType.Default,
        _ => DoubleType.Default,
    };

    /// <summary>Bytes of a number.</summary>
    public static int WidthOf(NumberType type) => type switch
    {
        NumberType.Float16 => 2,
        NumberType.Float32 => 4,
        _ => 8,
    };

    /// <summary>Writes numbers, rounded to nearest; what is below the type's range becomes -Infinity.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="type">The type.</param>
    /// <param name="destination">Their bytes.</param>
    /// <returns>Index of the first finite number above the type's range, or -1.</returns>
    public static int Narrow(ReadOnlySpan<double> values, NumberType type, Span<byte> destination)
    {
        int over = -1;
        switch (type)
        {
            case NumberType.Float16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(destination);
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                    if (values[i] >= 65520 && !double.IsPositiveInfinity(values[i]) && over < 0)
                        over = i; // 65504 is the largest, and what rounds to more is infinite
                }

                break;
            case NumberType.Float32:
                Span<float> singles = MemoryMarshal.Cast<byte, float>(destination);
                for (int i = 0; i < values.Length; i++)
                {
                    singles[i] = (float)values[i];
                    if (float.IsPositiveInfinity(singles[i]) && double.IsFinite(values[i]) && over < 0)
                        over = i;
                }

                break;
            default:
                values.CopyTo(MemoryMarshal.Cast<byte, double>(destination));
                break;
        }

        return over;
    }

    /// <summary>Reads numbers, widened exactly.</summary>
    /// <param name="source">Their bytes.</param>
    /// <param name="type">The type.</param>
    /// <param name="values">Receives them.</param>
    public static void Widen(ReadOnlySpan<byte> source, NumberType type, Span<double> values)
    {
        switch (type)
        {
            case NumberType.Float16:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(source);
                for (int i = 0; i < values.Length; i++)
                    values[i] = Halves[halves[i]];
                break;
            case NumberType.Float32:
                ReadOnlySpan<float> singles = MemoryMarshal.Cast<byte, float>(source);
                for (int i = 0; i < values.Length; i++)
                    values[i] = singles[i];
                break;
            default:
                MemoryMarshal.Cast<byte, double>(source)[..values.Length].CopyTo(values);
                break;
        }
    }
}
