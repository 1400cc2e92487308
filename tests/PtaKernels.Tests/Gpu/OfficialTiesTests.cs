using PtaKernels.Gpu;
using PtaKernels.Reference;
using PtaKernels.Tests.Conformance;

namespace PtaKernels.Tests.Gpu;

/// <summary>The official argmax is strict, so where two columns tie but for rounding the bits of the published loop decide.</summary>
[TestFixture(GpuBackend.Emulator)]
[TestFixture(GpuBackend.Cuda)]
public sealed class OfficialTiesTests(string backend)
{
    private readonly IKernelBackend _backend = BackendCases.Open(backend);

    [Test]
    public void HeaviestColumnsAreTheLoopsOwn([Values(5, 10)] int side)
    {
        var random = new Random(31);
        int batch = BackendCases.IsEmulator(backend) ? 120 : 20_000;
        // Costs by distance on a circle and masses that are the same all around: on paper both neighbours of a candidate are equally heavy.
        byte[] cost = [.. Enumerable.Range(0, batch).SelectMany(_ =>
        {
            byte[] far = [.. Enumerable.Range(0, side).Select(d => (byte)(d == 1 ? 0 : 1 + random.Next(2)))];
            return Enumerable.Range(0, side * side).Select(c => far[Math.Min(Math.Abs((c / side) - (c % side)), side - Math.Abs((c / side) - (c % side)))]);
        })];
        double[] a = [.. Enumerable.Repeat(1.0 / side, batch * side)], b = [.. a];
        var options = new TransportOptions(TransportKind.Official);
        double[] expected = new double[cost.Length], found = new double[cost.Length];
        TransportOutcome[] expectedOutcomes = new TransportOutcome[batch], outcomes = new TransportOutcome[batch];
        new ReferenceBackend().SolveTransport(
            new CostMatrix<byte>(cost, batch, side, side), new Marginals(a, b), options, new TransportPlan(expected, [], [], batch, side, side), expectedOutcomes);
        _backend.SolveTransport(new CostMatrix<byte>(cost, batch, side, side), new Marginals(a, b), options, new TransportPlan(found, [], [], batch, side, side), outcomes);
        int near = 0;
        for (int row = 0; row < batch * side; row++)
        {
            double[] wanted = expected[(row * side)..((row + 1) * side)], got = found[(row * side)..((row + 1) * side)];
            double largest = wanted.Max();
            near += wanted.Count(v => Math.Abs(v - largest) <= 1e-13 * largest) > 1 ? 1 : 0;
            Assert.That(Array.IndexOf(got, got.Max()), Is.EqualTo(Array.IndexOf(wanted, largest)), $"row {row % side} of problem {row / side}");
        }

        Assert.That(near, Is.GreaterThan(batch * side / 2), "rows with ties");
        Assert.That(outcomes.Select(static o => o.Iterations), Is.EqualTo(expectedOutcomes.Select(static o => o.Iterations)));
    }
}
