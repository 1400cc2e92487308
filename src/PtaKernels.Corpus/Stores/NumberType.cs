using System.Numerics;
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
                WidenHalves(MemoryMarshal.Cast<byte, ushort>(source), values);
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

    /// <summary>float16 to float64, a vector at a time: the exponent moves by a multiplication with 2^112, which is exact, subnormal or not.</summary>
    private static void WidenHalves(ReadOnlySpan<ushort> halves, Span<double> values)
    {
        int i = 0;
        for (; i <= values.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(halves[i..]), out Vector<uint> low, out Vector<uint> high);
            Put(Single(low), values[i..]);
            Put(Single(high), values[(i + Vector<uint>.Count)..]);
        }

        for (; i < values.Length; i++)
            values[i] = (double)BitConverter.UInt16BitsToHalf(halves[i]);

        static Vector<float> Single(Vector<uint> half)
        {
            Vector<uint> magnitude = (half & new Vector<uint>(0x7FFF)) << 13;
            Vector<uint> special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7C00 << 13)) & new Vector<uint>(0x7F800000); // infinite, or no number
            Vector<uint> scaled = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) * new Vector<float>(BitConverter.UInt32BitsToSingle(0x77800000)));
            return Vector.AsVectorSingle(scaled | special | ((half & new Vector<uint>(0x8000)) << 16));
        }

        static void Put(Vector<float> numbers, Span<double> values)
        {
            Vector.Widen(numbers, out Vector<double> low, out Vector<double> high);
            low.CopyTo(values);
            high.CopyTo(values[Vector<double>.Count..]);
        }
    }
}
