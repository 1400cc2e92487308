using System.Diagnostics;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>How fast libtorch multiplies matrices on this machine's processors.</summary>
internal static class MultiplicationRate
{
    private const int Size = 1024;

    /// <summary>Times products of float32 matrices of 1,024 by 1,024 on all cores.</summary>
    /// <param name="rounds">How many values are wanted.</param>
    /// <param name="seconds">Seconds of each at least.</param>
    /// <returns>[rounds] floating-point operations per second by the clock, a multiplication and an addition being two.</returns>
    /// <exception cref="TorchException">libtorch is missing or does not load.</exception>
    public static double[] Measure(int rounds, double seconds)
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor one = randn([Size, Size], generator: generator), two = randn([Size, Size], generator: generator);
        one.matmul(two).Dispose(); // the first one starts the threads
        double[] rates = new double[rounds];
        for (int r = 0; r < rounds; r++)
        {
            var clock = Stopwatch.StartNew();
            int products = 0;
            do
            {
                one.matmul(two).Dispose();
                products++;
            }
            while (clock.Elapsed.TotalSeconds < seconds);
            rates[r] = 2.0 * Size * Size * Size * products / clock.Elapsed.TotalSeconds;
        }

        return rates;
    }
}
