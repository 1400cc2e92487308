using ILGPU;
using PtaKernels.Gpu;
using PtaKernels.Steps;

namespace PtaKernels.Tests.Gpu;

/// <summary>The float64 arithmetic inside kernels, on the emulator.</summary>
public sealed class ArithmeticTests
{
    [Test]
    public void ExponentialsHaveTheHostsBits()
    {
        using GpuDevice device = GpuDevice.OpenEmulator();
        using GpuLane lane = device.Rent();
        var random = new Random(11);
        double[] inputs = [0, -0.0, 1, -1, 700, -700, -745, -1000, 707.8, 710, double.NaN, double.PositiveInfinity, double.NegativeInfinity,
            .. Enumerable.Range(0, 2000).Select(_ => (random.NextDouble() - 0.5) * 200)];
        ArrayView<double> stable = lane.Take<double>(inputs.Length), plain = lane.Take<double>(inputs.Length), rounded = lane.Take<double>(inputs.Length);
        device.Load<ArithmeticProbe.Arguments>(ArithmeticProbe.Exponentials).LaunchPerItem(lane.Stream, inputs.Length, new ArithmeticProbe.Arguments
        {
            Count = inputs.Length,
            Powers = lane.Upload<double>(DeviceMath.Powers),
            Inputs = lane.Upload<double>(inputs),
            Stable = stable,
            Plain = plain,
            Rounded = rounded,
        });
        double[] stableHost = new double[inputs.Length], plainHost = new double[inputs.Length], roundedHost = new double[inputs.Length];
        lane.Download(stable, stableHost);
        lane.Download(plain, plainHost);
        lane.Download(rounded, roundedHost);
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                double x = inputs[i];
                if (Math.Abs(x) < 707)
                    Assert.That(stableHost[i], Is.EqualTo(StableExp.Exp(x)), $"stable exp({x:R})");
                Assert.That(roundedHost[i], Is.EqualTo((x * x) + x), $"{x:R} squared and added to");
                double expected = x < -708 ? 0 : Math.Exp(x);
                if (x <= 709)
                    Assert.That(Math.Abs(plainHost[i] - expected), Is.LessThanOrEqualTo(3e-16 * expected), $"exp({x:R})");
            }
        }
    }

    [Test]
    public void EveryKernelCompilesToPtx()
    {
        using var compiler = new PtxCompiler();
        using (Assert.EnterMultipleScope())
        {
            foreach (KernelEntry kernel in KernelCatalog.All)
            {
                foreach (int architecture in PtxCompiler.Architectures.Where(sm => sm >= kernel.Shape.Architecture))
                {
                    string ptx = compiler.Compile(kernel, architecture);
                    Assert.That(ptx, Does.Contain($".target sm_{architecture}"), kernel.Name);
                    Assert.That(ptx.Split((char)10).Where(static line => line.Contains(".extern .func", StringComparison.Ordinal)), Is.Empty, kernel.Name);
                    Assert.That(ptx.Split((char)10).Where(static line => System.Text.RegularExpressions.Regex.IsMatch(line, @"\s(add|sub|mul)\.f64\s")), Is.Empty, kernel.Name);
                }
            }
        }
    }
}
