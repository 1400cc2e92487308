using ILGPU;
using PtaKernels.Gpu;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Gpu;

/// <summary>Transports as a pipeline queues them, on the emulator: corners of larger matrices, skipped problems, what is left to the host, projections.</summary>
public sealed class TransportKernelTests
{
    private const double Epsilon = 1.0 / 30;

    // Rows and columns in use within 6 x 9; a problem without rows among them.
    private static readonly int[] RowCounts = [6, 1, 0, 4, 2], ColumnCounts = [9, 3, 5, 8, 1];

    private GpuDevice _device = null!;
    private TransportKernels _kernels = null!;

    [OneTimeSetUp]
    public void Open()
    {
        _device = GpuDevice.OpenEmulator();
        _kernels = new TransportKernels(_device);
    }

    [OneTimeTearDown]
    public void Close() => _device.Dispose();

    [TestCase(6, 9)]
    [TestCase(16, 16)]
    public void OfficialCorners(int n, int m)
    {
        Problems problems = Draw(1, n, m, RowCounts.Length);
        Results results = Run(problems, new TransportOptions(TransportKind.Official, Epsilon, 1e-5, 15), RowCounts, ColumnCounts);
        for (int p = 0; p < RowCounts.Length; p++)
        {
            (int rows, int columns) = (RowCounts[p], ColumnCounts[p]);
            if (rows == 0)
            {
                AssertUntouched(results, p, n, m);
                continue;
            }

            double[][] cost = [.. Enumerable.Range(0, rows).Select(i => Enumerable.Range(0, columns).Select(j => (double)problems.Cost[(((p * n) + i) * m) + j]).ToArray())];
            (double[][] plan, int iterations, _) = OfficialSinkhornOracle.Solve(cost, problems.A[(p * n)..((p * n) + rows)], problems.B[(p * m)..((p * m) + columns)], 30, 1e-5, 15);
            Assert.That(results.Outcomes[p].Iterations, Is.EqualTo(iterations), $"problem {p}");
            AssertPlan(results, p, n, m, (i, j) => i < rows && j < columns ? plan[i][j] : 0, 1e-12);
        }
    }

    [TestCase(6, 9)]
    [TestCase(6, 40)]
    public void SemiRelaxedCorners(int n, int m)
    {
        Problems problems = Draw(2, n, m, RowCounts.Length);
        Results results = Run(problems, new TransportOptions(TransportKind.SemiRelaxed, Epsilon), RowCounts, ColumnCounts);
        for (int p = 0; p < RowCounts.Length; p++)
        {
            (int rows, int columns) = (RowCounts[p], ColumnCounts[p]);
            if (rows == 0)
            {
                AssertUntouched(results, p, n, m);
                continue;
            }

            AssertPlan(results, p, n, m, (i, j) => i < rows && j < columns ? Entry(problems, p, i, j, columns) : 0, 1e-14);
        }
    }

    /// <summary>6 x 9 by the kernel for small matrices, 6 x 20 by the larger one, 6 x 40 by the host.</summary>
    [TestCase(6, 9, 0)]
    [TestCase(6, 20, 0)]
    [TestCase(6, 40, 4)]
    public void BalancedCorners(int n, int m, int onHost)
    {
        Problems problems = Draw(3, n, m, RowCounts.Length);
        for (int p = 0; p < RowCounts.Length; p++)
        {
            Normalise(problems.A.AsSpan(p * n, RowCounts[p]));
            Normalise(problems.B.AsSpan(p * m, ColumnCounts[p]));
        }

        Results results = Run(problems, new TransportOptions(TransportKind.Balanced, Epsilon), RowCounts, ColumnCounts);
        Assert.That(results.HandedOver, Is.EqualTo(onHost));
        for (int p = 0; p < RowCounts.Length; p++)
        {
            (int rows, int columns) = (RowCounts[p], ColumnCounts[p]);
            if (rows == 0)
            {
                AssertUntouched(results, p, n, m);
                continue;
            }

            double[,] cost = new double[rows, columns];
            for (int i = 0; i < rows; i++)
            {
                for (int j = 0; j < columns; j++)
                    cost[i, j] = problems.Cost[(((p * n) + i) * m) + j];
            }

            double[,] implied = TransportOracles.Implied(cost, results.F[(p * n)..((p * n) + rows)], results.G[(p * m)..((p * m) + columns)], Epsilon);
            double error = TransportOracles.MarginalError(implied, problems.A[(p * n)..((p * n) + rows)], problems.B[(p * m)..((p * m) + columns)]);
            Assert.That((results.Outcomes[p].Status, error <= 9e-10), Is.EqualTo(((int)TransportStatus.Converged, true)), $"problem {p}: {error}");
            AssertPlan(results, p, n, m, (i, j) => i < rows && j < columns ? implied[i, j] : 0, 1e-12);
        }
    }

    [Test]
    public void AProblemHasTheSameBitsInAnyBatch([Values(TransportKind.Official, TransportKind.Balanced, TransportKind.SemiRelaxed)] TransportKind kind)
    {
        Problems problems = Draw(4, 5, 5, 14);
        var options = new TransportOptions(kind, Epsilon, 1e-5, 12);
        Results together = Run(problems, options, [], []);
        foreach (int p in (int[])[0, 6, 13])
        {
            var alone = new Problems(5, 5, 1, problems.Cost[(p * 25)..((p + 1) * 25)], problems.A[(p * 5)..((p + 1) * 5)], problems.B[(p * 5)..((p + 1) * 5)]);
            Assert.That(Run(alone, options, [], []).Plan, Is.EqualTo(together.Plan[(p * 25)..((p + 1) * 25)]), $"problem {p}");
        }
    }

    [TestCase(0)]
    [TestCase(1e-8)]
    public void ProjectionsTakeTheFirstOfTiedColumns(double tie)
    {
        double[] plan =
        [
            0.1, 0.3, 0.2, 0.3, 0.5, double.NaN, 0.3 - 5e-9, 0.1, 0.3, 0.2, 0, 0,
            0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, -1, -2, -3, -0.5,
            0, 1e-9, 0, 0, 0.3, 0.3 + 2e-8, 0.1, 0.3, 0.7, 9, 9, 9,
        ];
        int[] rowCounts = [3, 3, 2], columnCounts = [4, 4, 4];
        using GpuLane lane = _device.Rent();
        ArrayView<byte> column = lane.Take<byte>(9);
        ArrayView<double> mass = lane.Take<double>(9);
        ArrayView<int> ties = lane.TakeZeroed<int>(1);
        _kernels.QueueProject(lane, lane.Upload<double>(plan), lane.Upload<int>(rowCounts), lane.Upload<int>(columnCounts), 3, 3, 4, column, mass, ties, tie);
        byte[] columns = new byte[9];
        double[] masses = new double[9];
        int[] counted = new int[1];
        lane.Download(column, columns);
        lane.Download(mass, masses);
        lane.Download(ties, counted);
        int expected = 0;
        for (int row = 0; row < 8; row++)
        {
            double[] entries = plan[(row * 4)..((row + 1) * 4)];
            double most = entries.Any(double.IsNaN) ? double.NaN : entries.Max();
            int chosen = Array.FindIndex(entries, x => double.IsNaN(most) ? double.IsNaN(x) : x >= most - tie);
            expected += entries[(chosen + 1)..].Any(x => x > 0 && Math.Abs(x - entries[chosen]) <= tie) ? 1 : 0;
            Assert.That((columns[row], masses[row]), Is.EqualTo(((byte)chosen, entries[chosen])), $"row {row}");
        }

        Assert.That(counted[0], Is.EqualTo(expected));
    }

    [Test]
    public void TransportsOnTheHostAreNoticedOnce()
    {
        using GpuBackend backend = GpuBackend.OpenEmulator();
        for (int k = 0; k < 2; k++)
        {
            backend.SolveTransport(
                new CostMatrix<byte>([1, 0], 1, 1, 2), new Marginals([1.0], [0.5, 0.5]), new TransportOptions(TransportKind.Exact), new TransportPlan(new double[2], [], [], 1, 1, 2), new TransportOutcome[1]);
        }

        Assert.That(backend.Notices, Is.EqualTo((string[])["the exact transport runs on the host."]));
    }

    private static double Entry(Problems problems, int p, int i, int j, int columns)
    {
        double[] costs = [.. Enumerable.Range(0, columns).Select(k => (double)problems.Cost[(((p * problems.N) + i) * problems.M) + k])];
        double[] e = [.. costs.Select(c => Math.Exp((costs.Min() - c) / Epsilon))];
        return problems.A[(p * problems.N) + i] * e[j] / e.Sum();
    }

    private static void AssertPlan(Results results, int p, int n, int m, Func<int, int, double> expected, double tolerance)
    {
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                Assert.That(results.Plan[(((p * n) + i) * m) + j], Is.EqualTo(expected(i, j)).Within(tolerance), $"problem {p}, {i}, {j}");
        }
    }

    private static void AssertUntouched(Results results, int p, int n, int m)
    {
        Assert.That(results.Outcomes[p].Iterations, Is.EqualTo(-7));
        Assert.That(results.Plan[(p * n * m)..((p + 1) * n * m)], Is.All.EqualTo(-7));
    }

    private static void Normalise(Span<double> masses)
    {
        double sum = 0;
        foreach (double mass in masses)
            sum += mass;
        foreach (ref double mass in masses)
            mass /= sum;
    }

    private static Problems Draw(int seed, int n, int m, int count)
    {
        var random = new Random(seed);
        double[] Masses(int length) => [.. Enumerable.Range(0, count).SelectMany(_ =>
        {
            double[] masses = [.. Enumerable.Range(0, length).Select(_ => Math.Exp(4 * random.NextDouble()))];
            Normalise(masses);
            return masses;
        })];
        return new Problems(n, m, count, [.. Enumerable.Range(0, count * n * m).Select(_ => (byte)random.Next(7))], Masses(n), Masses(m));
    }

    private Results Run(Problems problems, TransportOptions options, int[] rowCounts, int[] columnCounts)
    {
        using GpuLane lane = _device.Rent();
        double[] plan = new double[problems.Cost.Length], f = new double[problems.A.Length], g = new double[problems.B.Length];
        var outcomes = new DeviceOutcome[problems.Count];
        Array.Fill(plan, -7);
        Array.Fill(outcomes, new DeviceOutcome { Iterations = -7 });
        var queue = new TransportQueue
        {
            Batch = problems.Count,
            Rows = problems.N,
            Columns = problems.M,
            Cost = lane.Upload<byte>(problems.Cost),
            A = lane.Upload<double>(problems.A),
            B = lane.Upload<double>(problems.B),
            RowCounts = lane.Upload<int>(rowCounts),
            ColumnCounts = lane.Upload<int>(columnCounts),
            Plan = lane.Upload<double>(plan),
            F = lane.Take<double>(f.Length),
            G = lane.Take<double>(g.Length),
            Outcomes = lane.Upload<DeviceOutcome>(outcomes),
        };
        _kernels.QueueSolve(lane, queue, options);
        int handed = _kernels.HandOver(lane, queue, options);
        lane.Download(queue.Plan, plan);
        lane.Download(queue.F, f);
        lane.Download(queue.G, g);
        lane.Download(queue.Outcomes, outcomes);
        return new Results(plan, f, g, outcomes, handed);
    }

    private sealed record Problems(int N, int M, int Count, byte[] Cost, double[] A, double[] B);

    private sealed record Results(double[] Plan, double[] F, double[] G, DeviceOutcome[] Outcomes, int HandedOver);
}
