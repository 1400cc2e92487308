using System.Text.Json;
using CommunityToolkit.HighPerformance;
using PtaKernels.Cli.Verify;
using PtaKernels.Transport;

namespace PtaKernels.Cli.Bench;

/// <summary>ot.*: the 10 x 10 transports that golden documents led to, in batches.</summary>
internal static class TransportCases
{
    /// <summary>Sides of every problem.</summary>
    public const int N = 10;

    /// <summary>Fewer problems are repeated up to about this many, since a long document leads to as many: one slow problem must not decide a whole batch.</summary>
    private const int FewestProblems = 1000;

    /// <summary>SPEC A4.</summary>
    private const double PlanTolerance = 1e-12;

    public static BenchCase Official(BenchData data)
    {
        List<Batch> batches = Load(data);
        foreach (Batch batch in batches)
        {
            batch.Solve(data.Backend, batch.OfficialOptions, withPotentials: false);
            batch.RequireGolden();
        }

        data.Work.Write<byte>("transport.cost", [.. batches.SelectMany(static b => b.Cost)]);
        data.Work.Write<double>("transport.r", [.. batches.SelectMany(static b => b.A)]);
        data.Work.Write<double>("transport.c", [.. batches.SelectMany(static b => b.B)]);
        data.Work.Write<double>("transport.lambda", [.. batches.SelectMany(static b => Enumerable.Repeat(1 / b.OfficialOptions.Epsilon, b.Count))]);
        data.Work.Write<double>("transport.tolerance", [.. batches.SelectMany(static b => Enumerable.Repeat(b.OfficialOptions.Tolerance, b.Count))]);
        data.Work.Write<double>("transport.plan", [.. batches.SelectMany(static b => b.Golden)]);
        data.Work.Write<int>("transport.iterations", [.. batches.SelectMany(static b => b.GoldenIterations)]);
        IContestant[] Peers() => [data.NativeFor("ot.official", "transport", (ulong)batches.Sum(static b => b.GoldenIterations.Sum(static i => (long)i)), static _ => "scalar C++")];
        return new BenchCase(
            "ot.official", "problems/s", Loop(data.Backend.Name, data.Backend, batches, static b => b.OfficialOptions),
            Peers,
            () => $"{batches.Sum(static b => b.Count)} problems, {batches.Sum(static b => b.GoldenIterations.Sum()) / (double)batches.Sum(static b => b.Count):F0} iterations on average",
            Limit: () => KernelLimits.Of(data.Backend)?.Official(batches.Sum(static b => b.Count), batches.Sum(static b => b.Iterations), N, N));
    }

    public static BenchCase Certified(BenchData data)
    {
        List<Batch> official = Load(data), batches = [.. official.Select(static b => b.Normalised())];
        foreach ((Batch plain, Batch batch) in official.Zip(batches))
        {
            plain.Solve(data.Backend, plain.OfficialOptions, withPotentials: false);
            plain.RequireGolden();
            batch.Solve(data.Backend, batch.CertifiedOptions, withPotentials: true);
            batch.RequireCertificates();
        }

        return new BenchCase(
            "ot.certified", "problems/s", Loop(data.Backend.Name, data.Backend, batches, static b => b.CertifiedOptions),
            () => [Loop("ot.official", data.Backend, official, static b => b.OfficialOptions)], () => $"{batches.Sum(static b => b.Count)} problems, both sides sum to 1",
            Limit: () => KernelLimits.Of(data.Backend)?.Balanced(batches.Sum(static b => b.Count), batches.Sum(static b => b.Iterations), N, N));
    }

    /// <summary>The golden problems of the options that most of them have.</summary>
    /// <param name="data">Where the golden files are.</param>
    /// <param name="most">Most problems.</param>
    public static TransportProblem Problems(BenchData data, int most)
    {
        Batch batch = Load(data).MaxBy(static b => b.Count)!;
        int count = Math.Min(most, batch.Count);
        return new TransportProblem(count, batch.Cost[..(count * N * N)], batch.A[..(count * N)], batch.B[..(count * N)], batch.OfficialOptions);
    }

    private static PassLoop Loop(string name, IKernelBackend backend, List<Batch> batches, Func<Batch, TransportOptions> options) =>
        new(name, batches.Sum(static b => b.Count), () =>
        {
            foreach (Batch batch in batches)
                batch.Solve(backend, options(batch), withPotentials: false);
        });

    /// <summary>Problems of real documents whose plan is a number; the other golden problems probe corners.</summary>
    private static List<Batch> Load(BenchData data)
    {
        List<Batch> batches = [.. data.Rows("sinkhorn")
            .Where(static r => r.GetProperty("n").GetInt32() == N && r.GetProperty("m").GetInt32() == N
                && r.GetProperty("tag").GetString()!.StartsWith("natural:", StringComparison.Ordinal) && double.IsFinite(GoldenJson.Number(r.GetProperty("dist"))))
            .GroupBy(static r => (r.GetProperty("lambda").GetDouble(), r.GetProperty("epsilon").GetDouble()))
            .Select(static g => new Batch(g.Key.Item1, g.Key.Item2, [.. Enumerable.Repeat(g, (FewestProblems + g.Count() - 1) / g.Count()).SelectMany(static p => p)]))];
        return batches.Count > 0 ? batches : throw new AlignmentDataException($"{data.Golden.Folder}: sinkhorn.jsonl.gz holds no natural 10 x 10 problem.");
    }

    /// <summary>Problems of one lambda and one tolerance.</summary>
    private sealed class Batch
    {
        private readonly double[] _plan;
        private readonly double[] _f;
        private readonly double[] _g;
        private readonly TransportOutcome[] _outcomes;
        private readonly double _epsilon;
        private readonly double _tolerance;

        public Batch(double lambda, double tolerance, JsonElement[] rows)
            : this(
                1 / lambda, tolerance, [.. rows.SelectMany(static r => Flat(r, "cost")).Select(static c => checked((byte)c))],
                [.. rows.SelectMany(static r => GoldenJson.Numbers(r.GetProperty("r")))], [.. rows.SelectMany(static r => GoldenJson.Numbers(r.GetProperty("c")))],
                [.. rows.SelectMany(static r => Flat(r, "P"))], [.. rows.Select(static r => r.GetProperty("iterations").GetInt32())])
        {
        }

        private Batch(double epsilon, double tolerance, byte[] cost, double[] a, double[] b, double[] golden, int[] goldenIterations)
        {
            (_epsilon, _tolerance, Cost, A, B, Golden, GoldenIterations) = (epsilon, tolerance, cost, a, b, golden, goldenIterations);
            _plan = new double[cost.Length];
            _f = new double[a.Length];
            _g = new double[b.Length];
            _outcomes = new TransportOutcome[Count];
        }

        public int Count => GoldenIterations.Length;

        /// <summary>Iterations of all problems when they were last solved.</summary>
        public long Iterations => _outcomes.Sum(static o => (long)o.Iterations);

        public byte[] Cost { get; }

        public double[] A { get; }

        public double[] B { get; }

        public double[] Golden { get; }

        public int[] GoldenIterations { get; }

        public TransportOptions OfficialOptions => new(TransportKind.Official, _epsilon, _tolerance);

        public TransportOptions CertifiedOptions => new(TransportKind.Balanced, _epsilon);

        public Batch Normalised() => new(_epsilon, _tolerance, Cost, ToOne(A), ToOne(B), Golden, GoldenIterations);

        public void Solve(IKernelBackend backend, in TransportOptions options, bool withPotentials)
        {
            var destination = new TransportPlan(_plan, withPotentials ? _f : [], withPotentials ? _g : [], Count, N, N);
            backend.SolveTransport(new CostMatrix<byte>(Cost, Count, N, N), new Marginals(A, B), options, destination, _outcomes);
        }

        public void RequireGolden()
        {
            for (int p = 0; p < Count; p++)
            {
                if (_outcomes[p].Iterations != GoldenIterations[p])
                    throw BenchData.Wrong("ot.official", $"problem {p} took {_outcomes[p].Iterations} iterations, expected {GoldenIterations[p]}");
            }

            double difference = GoldenJson.Difference(_plan, Golden);
            if (!(difference <= PlanTolerance))
                throw BenchData.Wrong("ot.official", $"a plan differs by {difference:G3}, allowed {PlanTolerance:G1}");
        }

        /// <summary>The certificate of SPEC A3.4, recomputed from the potentials.</summary>
        public void RequireCertificates()
        {
            double[] real = [.. Cost];
            for (int p = 0; p < Count; p++)
            {
                var cost = new ReadOnlySpan2D<double>(real, p * N * N, N, N, 0);
                var plan = new ReadOnlySpan2D<double>(_plan, p * N * N, N, N, 0);
                ReadOnlySpan<double> a = A.AsSpan(p * N, N), b = B.AsSpan(p * N, N), f = _f.AsSpan(p * N, N), g = _g.AsSpan(p * N, N);
                double error = TransportCertificate.MarginalError(cost, a, b, f, g, _epsilon);
                double deviation = TransportCertificate.PlanDeviation(plan, cost, a, b, f, g, _epsilon);
                if (_outcomes[p].Status != TransportStatus.Converged || !(error <= TransportCertificate.MarginalTolerance && deviation <= TransportCertificate.PlanTolerance))
                    throw BenchData.Wrong("ot.certified", $"problem {p} ended as {_outcomes[p].Status}, marginal error {error:G3}, plan deviation {deviation:G3}");
            }
        }

        private static double[] Flat(JsonElement row, string name) => [.. GoldenJson.NumberRows(row.GetProperty(name)).SelectMany(static r => r)];

        private static double[] ToOne(double[] marginals) => [.. marginals.Chunk(N).SelectMany(static m =>
        {
            double sum = m.Sum();
            return m.Select(v => v / sum);
        })];
    }
}

/// <summary>Transports of one shape and one set of options.</summary>
/// <param name="Count">How many.</param>
/// <param name="Cost">[count, n, m].</param>
/// <param name="A">[count, n].</param>
/// <param name="B">[count, m].</param>
/// <param name="Options">Official, and its parameters.</param>
internal sealed record TransportProblem(int Count, byte[] Cost, double[] A, double[] B, TransportOptions Options);
