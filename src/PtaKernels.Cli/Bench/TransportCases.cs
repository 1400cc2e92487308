using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>ot.*: transports in batches, of the 10 x 10 candidates that golden documents led to, and of other sizes.</summary>
internal static class TransportCases
{
    /// <summary>Sides of the golden problems.</summary>
    public const int N = 10;

    private const string OfficialId = "ot.official";
    private const string CertifiedId = "ot.certified";

    /// <summary>The official loop on the golden problems.</summary>
    public static BenchCase Official(BenchData data)
    {
        List<TransportWork> works = TransportProblems.OfGolden(data);
        works.ForEach(w => w.RequireOfficial(OfficialId, data.Backend));
        data.Work.Write<byte>("transport.cost", [.. works.SelectMany(static w => w.Cost)]);
        data.Work.Write<double>("transport.r", [.. works.SelectMany(static w => w.A)]);
        data.Work.Write<double>("transport.c", [.. works.SelectMany(static w => w.B)]);
        data.Work.Write<double>("transport.lambda", [.. works.SelectMany(static w => Enumerable.Repeat(1 / w.OfficialOptions.Epsilon, w.Count))]);
        data.Work.Write<double>("transport.tolerance", [.. works.SelectMany(static w => Enumerable.Repeat(w.OfficialOptions.Tolerance, w.Count))]);
        data.Work.Write<double>("transport.plan", [.. works.SelectMany(static w => w.Expected)]);
        data.Work.Write<int>("transport.iterations", [.. works.SelectMany(static w => w.ExpectedIterations)]);
        IContestant[] Peers() => PeersOf.Official(data, OfficialId, (ulong)works.Sum(static w => w.ExpectedIterations.Sum(static i => (long)i)));
        return new BenchCase(OfficialId, "problems/s", Loop(data.Backend, works, static w => w.OfficialOptions), Peers, () => Describe(works), Limit: () => OfficialLimit(data, works));
    }

    /// <summary>The official loop on k x k problems of the samples; beside it the golden ones.</summary>
    public static BenchCase? OfficialOf(BenchData data, int k)
    {
        string id = $"{OfficialId}.k{k}";
        if (TransportProblems.OfSamples(data, k) is not { } work)
            return null;
        work.RequireOfficial(id, data.Backend);
        return new BenchCase(
            id, "problems/s", Loop(data.Backend, [work], static w => w.OfficialOptions), () => [OfficialPeer(data, OfficialId, TransportProblems.OfGolden(data))], () => Describe([work]),
            Limit: () => OfficialLimit(data, [work]));
    }

    /// <summary>Certified transports of the golden problems.</summary>
    public static BenchCase Certified(BenchData data)
    {
        string solved = "";
        return Certified(data, CertifiedId, OfficialId, TransportProblems.OfGolden(data), Libraries, () => solved);

        IContestant[] Libraries(List<TransportWork> works)
        {
            data.Work.Write<byte>("certified.cost", [.. works.SelectMany(static w => w.Cost)]);
            data.Work.Write<double>("certified.r", [.. works.SelectMany(static w => w.A)]);
            data.Work.Write<double>("certified.c", [.. works.SelectMany(static w => w.B)]);
            data.Work.Write<double>("certified.epsilon", [.. works.SelectMany(static w => Enumerable.Repeat(w.CertifiedOptions.Epsilon, w.Count))]);
            data.Work.Write<double>("certified.plan", [.. works.SelectMany(static w => w.Plan)]);
            return PeersOf.Certified(data, CertifiedId, out solved);
        }
    }

    /// <summary>Certified transports of k x k problems of the samples.</summary>
    public static BenchCase? CertifiedOf(BenchData data, int k) =>
        TransportProblems.OfSamples(data, k) is { } work ? Certified(data, $"{CertifiedId}.k{k}", $"{OfficialId}.k{k}", [work], static _ => [], static () => "") : null;

    /// <summary>Certified transports of the golden problems by greedy updates, beside Newton's.</summary>
    public static BenchCase Greenkhorn(BenchData data)
    {
        const string id = "ot.greenkhorn";
        List<TransportWork> works = [.. TransportProblems.OfGolden(data).Select(static w => w.Normalised())];
        works.ForEach(w => w.RequireCertificates(id, data.Backend, w.GreenkhornOptions));
        long iterations = works.Sum(static w => w.Iterations);
        return new BenchCase(
            id, "problems/s", Loop(data.Backend, works, static w => w.GreenkhornOptions), () => [Loop(data.Backend, works, static w => w.CertifiedOptions, CertifiedId)],
            () => $"{works.Sum(static w => w.Count)} problems, {iterations / works.Sum(static w => w.Count)} updates and steps on average");
    }

    /// <summary>The same with a soft target, beside the scalar solver of the plain backend.</summary>
    public static BenchCase Unbalanced(BenchData data)
    {
        const string id = "ot.unbalanced";
        List<TransportWork> works = [.. TransportProblems.OfGolden(data).Select(static w => w.Normalised())];
        works.ForEach(w => w.RequireCertificates(id, data.Backend, w.UnbalancedOptions));
        return new BenchCase(
            id, "problems/s", Loop(data.Backend, works, static w => w.UnbalancedOptions), () => [Loop(new ReferenceBackend(), works, static w => w.UnbalancedOptions, "scalar, plain backend")],
            () => $"{works.Sum(static w => w.Count)} problems, the source's side sums to 1, rho {works[0].UnbalancedOptions.Rho}");
    }

    /// <summary>The closed form on the golden problems.</summary>
    public static BenchCase SemiRelaxed(BenchData data) => SemiRelaxed(data, "ot.semi-relaxed", OfficialId, TransportProblems.OfGolden(data));

    /// <summary>The closed form on k x k problems of the samples.</summary>
    public static BenchCase? SemiRelaxedOf(BenchData data, int k) =>
        TransportProblems.OfSamples(data, k) is { } work ? SemiRelaxed(data, $"ot.semi-relaxed.k{k}", $"{OfficialId}.k{k}", [work]) : null;

    /// <summary>The golden problems of the options that most of them have.</summary>
    /// <param name="data">Where the golden files are.</param>
    /// <param name="most">Most problems.</param>
    public static TransportProblem Problems(BenchData data, int most)
    {
        TransportWork work = TransportProblems.OfGolden(data).MaxBy(static w => w.Count)!;
        int count = Math.Min(most, work.Count), k = work.K;
        return new TransportProblem(count, work.Cost[..(count * k * k)], work.A[..(count * k)], work.B[..(count * k)], work.OfficialOptions);
    }

    private static BenchCase Certified(BenchData data, string id, string peer, List<TransportWork> official, Func<List<TransportWork>, IContestant[]> others, Func<string> note)
    {
        List<TransportWork> works = [.. official.Select(static w => w.Normalised())];
        works.ForEach(w => w.RequireCertificates(id, data.Backend, w.CertifiedOptions));
        return new BenchCase(
            id, "problems/s", Loop(data.Backend, works, static w => w.CertifiedOptions), () => [OfficialPeer(data, peer, official), .. others(works)],
            () => $"{works.Sum(static w => w.Count)} problems, both sides sum to 1{note()}",
            Limit: () => KernelLimits.Of(data.Backend)?.Balanced(works.Sum(static w => w.Count), works.Sum(static w => w.Iterations), works[0].K, works[0].K));
    }

    private static BenchCase SemiRelaxed(BenchData data, string id, string peer, List<TransportWork> works)
    {
        works.ForEach(w => w.RequireSemiRelaxed(id, data.Backend));
        return new BenchCase(
            id, "problems/s", Loop(data.Backend, works, static w => w.SemiRelaxedOptions), () => [OfficialPeer(data, peer, works)],
            () => $"{works.Sum(static w => w.Count)} problems, the target's side left free",
            Limit: () => KernelLimits.Of(data.Backend)?.SemiRelaxed(works[0].K, works[0].K));
    }

    /// <summary>The official loop of the same backend.</summary>
    private static PassLoop OfficialPeer(BenchData data, string id, List<TransportWork> works)
    {
        works.ForEach(w => w.RequireOfficial(id, data.Backend));
        return Loop(data.Backend, works, static w => w.OfficialOptions, id);
    }

    private static PassLoop Loop(IKernelBackend backend, IReadOnlyList<TransportWork> works, Func<TransportWork, TransportOptions> options, string? name = null) =>
        new(name ?? backend.Name, works.Sum(static w => w.Count), () =>
        {
            foreach (TransportWork work in works)
                work.Solve(backend, options(work), withPotentials: false);
        });

    private static RateLimit? OfficialLimit(BenchData data, List<TransportWork> works) =>
        KernelLimits.Of(data.Backend)?.Official(works.Sum(static w => w.Count), works.Sum(static w => w.ExpectedIterations.Sum(static i => (long)i)), works[0].K, works[0].K);

    private static string Describe(List<TransportWork> works) =>
        $"{works.Sum(static w => w.Count)} problems, {works.Sum(static w => w.ExpectedIterations.Sum(static i => (long)i)) / (double)works.Sum(static w => w.Count):F0} iterations on average";
}

/// <summary>Transports of one shape and one set of options.</summary>
/// <param name="Count">How many.</param>
/// <param name="Cost">[count, n, m].</param>
/// <param name="A">[count, n].</param>
/// <param name="B">[count, m].</param>
/// <param name="Options">Kind and parameters.</param>
internal sealed record TransportProblem(int Count, byte[] Cost, double[] A, double[] B, TransportOptions Options);
