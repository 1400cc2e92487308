using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>From logits to masses inside a thread, in the order of operations of <see cref="Rules.RowMass"/>.</summary>
internal static class RowMassKernel
{
    /// <summary>softmax(logits / temperature) as exp(x - max) / sum, summed in NumPy's order; NaN in gives NaN out.</summary>
    /// <param name="logits">Logits.</param>
    /// <param name="from">First of them.</param>
    /// <param name="count">How many, 1..64.</param>
    /// <param name="temperature">The temperature.</param>
    /// <param name="powers">[16] <see cref="DeviceMath.Powers"/>.</param>
    /// <param name="mass">Receives the masses.</param>
    /// <param name="to">First of them.</param>
    public static void Softmax(ArrayView<double> logits, long from, int count, double temperature, ArrayView<double> powers, ArrayView<double> mass, long to)
    {
        double max = double.NegativeInfinity;
        for (int i = 0; i < count; i++)
        {
            double x = logits[from + i] / temperature;
            mass[to + i] = x;
            // A NaN stays: no number is larger than it.
            if (x > max || double.IsNaN(x))
                max = x;
        }

        for (int i = 0; i < count; i++)
            mass[to + i] = DeviceMath.StableExp(mass[to + i] - max, powers);
        double sum = Sum(mass, to, count);
        for (int i = 0; i < count; i++)
            mass[to + i] /= sum;
    }

    /// <summary>Sum of up to 128 values as NumPy adds them (<see cref="Steps.SinkhornStep.Sum"/>).</summary>
    public static double Sum(ArrayView<double> values, long from, int count)
    {
        double sum = 0;
        int i = 0;
        if (count >= 8)
        {
            double r0 = values[from], r1 = values[from + 1], r2 = values[from + 2], r3 = values[from + 3];
            double r4 = values[from + 4], r5 = values[from + 5], r6 = values[from + 6], r7 = values[from + 7];
            for (i = 8; i + 8 <= count; i += 8)
            {
                r0 += values[from + i];
                r1 += values[from + i + 1];
                r2 += values[from + i + 2];
                r3 += values[from + i + 3];
                r4 += values[from + i + 4];
                r5 += values[from + i + 5];
                r6 += values[from + i + 6];
                r7 += values[from + i + 7];
            }

            sum = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7));
        }

        for (; i < count; i++)
            sum += values[from + i];
        return sum;
    }
}
