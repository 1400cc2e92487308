using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Runs the arithmetic that every float64 kernel stands on over given inputs, so that a device can be compared with the host.</summary>
internal static class ArithmeticProbe
{
    /// <summary>One input and one row of results per thread.</summary>
    /// <param name="arguments">Inputs and results.</param>
    [GpuKernel(threads: 256, registers: 48, ExactFloat64 = true)]
    public static void Exponentials(Arguments arguments)
    {
        int i = Grid.GlobalIndex.X;
        if (i >= arguments.Count)
            return;
        double x = arguments.Inputs[i];
        arguments.Stable[i] = DeviceMath.StableExp(x, arguments.Powers);
        arguments.Plain[i] = DeviceMath.Exp(x);
        arguments.Rounded[i] = (x * x) + x;
    }

    /// <summary>Arguments of <see cref="Exponentials"/>.</summary>
    internal struct Arguments
    {
        /// <summary>Number of inputs.</summary>
        public int Count;

        /// <summary>[16] <see cref="DeviceMath.Powers"/>.</summary>
        public ArrayView<double> Powers;

        /// <summary>[count] x.</summary>
        public ArrayView<double> Inputs;

        /// <summary>[count] <see cref="DeviceMath.StableExp"/>.</summary>
        public ArrayView<double> Stable;

        /// <summary>[count] <see cref="DeviceMath.Exp"/>.</summary>
        public ArrayView<double> Plain;

        /// <summary>[count] x * x + x with two roundings: shows a device that contracts it.</summary>
        public ArrayView<double> Rounded;
    }
}
