using CommunityToolkit.HighPerformance;
using PtaKernels.Cli.Verify.Random;
using PtaKernels.Gpu;
using PtaKernels.Native;

namespace PtaKernels.Cli.Bench;

/// <summary>What a device does once its data lies on it, checked against the native backend and compared with one thread of it. On the emulator tiny: a test of this file and no measurement.</summary>
internal static class DeviceCases
{
    /// <summary>Timed from one wait for the device to the next.</summary>
    public const string DeviceClock = "device";

    /// <summary>Timed on the clock, from documents in host memory to documents in host memory.</summary>
    public const string PipelineClock = "pipeline";

    /// <summary>SPEC A4.</summary>
    private const double PlanTolerance = 1e-12;

    /// <summary>Every how many rows of the distances one is checked.</summary>
    private const int CheckedRows = 29;

    private const int TileRows = 1 << 16, PathDocuments = 528, ShortPathDocuments = 16 * PathDocuments, Transports = 4_000_000, DocumentTokens = 2_000_000;

    public static BenchCase Map(BenchData data)
    {
        const string Id = "map.gpt2-spA";
        GpuBackend device = Device(data);
        OfficialStrings strings = data.Pair("gpt2", "spA").Official;
        TokenTape source = Sized(device, strings.Keys, 12), target = Sized(device, strings.TargetStrings, 200);
        int[] queries = RandomTapes.Range(source.Count), nearest = new int[source.Count], distance = new int[source.Count], expected = new int[source.Count], edits = new int[source.Count];
        NativeBackend peer = Peer(device);
        peer.FindNearestTokens(source, queries, target, expected, edits);
        var work = new DeviceNearest(device, source, target);
        work.Answer(nearest, distance);
        if (!nearest.AsSpan().SequenceEqual(expected) || !distance.AsSpan().SequenceEqual(edits))
            throw BenchData.Wrong(Id, "nearest tokens differ from the native backend's");
        return Case(
            device, Id, "queries/s", source.Count, work, Loop(peer, source.Count, () => peer.FindNearestTokens(source, queries, target, expected, edits)),
            $"{source.Count} queries, {target.Count} targets, both tapes on the device, the target's sorted before");
    }

    public static BenchCase EditAllPairs(BenchData data)
    {
        const string Id = "edit.all-pairs";
        GpuBackend device = Device(data);
        OfficialStrings strings = data.Pair("gpt2", "spA").Official;
        TokenTape source = Sized(device, strings.SourceStripped, 6), target = Sized(device, strings.TargetStripped, 40);
        int[] columns = RandomTapes.Range(target.Count), few = [.. RandomTapes.Range(source.Count).Where(static r => r % CheckedRows == 0)];
        byte[] cost = new byte[target.Count];
        NativeBackend peer = Peer(device);
        int tile = IsReal(device) ? TileRows : 4;
        var work = new DeviceCosts(device, source, target, tile);
        work.Answer(static r => r % CheckedRows == 0, (r, row) =>
        {
            peer.ComputeCostMatrix(source, [r], target, columns, new Span2D<byte>(cost, 1, cost.Length));
            if (!row.AsSpan().SequenceEqual(cost))
                throw BenchData.Wrong(Id, $"the distances of token {r} differ from the native backend's");
        });
        byte[] rows = new byte[few.Length * columns.Length];
        return Case(
            device, Id, "pairs/s", (double)source.Count * target.Count, work,
            Loop(peer, rows.Length, () => peer.ComputeCostMatrix(source, few, target, columns, new Span2D<byte>(rows, few.Length, columns.Length))),
            $"{source.Count} x {target.Count} tokens, u8 written on the device in tiles of {Math.Min(tile, source.Count)} rows, ids sent and columns sorted for each");
    }

    public static BenchCase? Path512(BenchData data) =>
        (IsReal(Device(data)) ? PathCases.Problems(data, "spA", 512) : TinyPaths[^1..]) is { } problems ? Paths(data, "path.512", banded: false, problems, ShortPathDocuments) : null;

    public static BenchCase Path2048(BenchData data) => Paths(data, "path.2048", banded: false, LongPaths(data), PathDocuments);

    public static BenchCase Path2048Band(BenchData data) => Paths(data, "path.2048.band", banded: true, LongPaths(data), PathDocuments);

    public static BenchCase OfficialTransport(BenchData data) => TransportsOf(data, "ot.official", TransportKind.Official);

    public static BenchCase SemiRelaxedTransport(BenchData data) => TransportsOf(data, "ot.semi-relaxed", TransportKind.SemiRelaxed);

    public static BenchCase Reference(BenchData data) => Documents(data, "doc.reference", static d => d.Options, AlignmentPreset.Reference with { Window = 1 }, static d => d.Documents);

    public static BenchCase Paper(BenchData data) => Documents(data, "doc.paper", static _ => DocumentCases.PaperOptions, DocumentCases.PaperOptions, static d => d.WithOffsets);

    public static BenchCase Fusion(BenchData data) => Documents(data, "doc.fusion", static _ => DocumentCases.FusionOptions, DocumentCases.FusionOptions, static d => d.WithOffsets);

    public static BenchCase Transport(BenchData data) => Documents(data, "doc.transport", static _ => DocumentCases.TransportOptions, DocumentCases.TransportOptions, static d => d.WithOffsets);

    public static BenchCase Embedding(BenchData data) => Documents(data, "doc.embedding", static _ => DocumentCases.EmbeddingOptions, DocumentCases.EmbeddingOptions, static d => d.WithOffsets);

    private static BenchCase TransportsOf(BenchData data, string id, TransportKind kind)
    {
        GpuBackend device = Device(data);
        TransportProblem problems = TransportCases.Problems(data, IsReal(device) ? int.MaxValue : 6);
        problems = problems with { Options = problems.Options with { Kind = kind } };
        int n = TransportCases.N, batch = problems.Count, copies = IsReal(device) ? Transports / batch : 1;
        NativeBackend peer = Peer(device);
        double[] expected = new double[batch * n * n], first = new double[batch * n * n], last = new double[batch * n * n];
        TransportOutcome[] endings = new TransportOutcome[batch], all = new TransportOutcome[batch * copies];
        Solve();
        var work = new DeviceTransports(device, new CostMatrix<byte>(problems.Cost, batch, n, n), new Marginals(problems.A, problems.B), problems.Options, copies);
        work.Answer(all, first, last);
        for (int p = 0; p < all.Length; p++)
        {
            if (all[p].Status != endings[p % batch].Status || all[p].Iterations != endings[p % batch].Iterations)
                throw BenchData.Wrong(id, $"problem {p} ended as {all[p].Status} after {all[p].Iterations}, the native backend's as {endings[p % batch].Status} after {endings[p % batch].Iterations}");
        }

        double difference = Math.Max(Verify.GoldenJson.Difference(first, expected), Verify.GoldenJson.Difference(last, expected));
        if (!(difference <= PlanTolerance))
            throw BenchData.Wrong(id, $"a plan differs by {difference:G3} from the native backend's, allowed {PlanTolerance:G1}");
        return Case(device, id, "problems/s", all.Length, work, Loop(peer, batch, Solve), $"{all.Length} problems of {n} x {n} on the device, {batch} distinct");

        void Solve() => peer.SolveTransport(
            new CostMatrix<byte>(problems.Cost, batch, n, n), new Marginals(problems.A, problems.B), problems.Options, new TransportPlan(expected, [], [], batch, n, n), endings);
    }

    private static PathProblem[] LongPaths(BenchData data) => IsReal(Device(data)) ? PathCases.Problems(data) : TinyPaths;

    private static BenchCase Paths(BenchData data, string id, bool banded, PathProblem[] once, int documents)
    {
        GpuBackend device = Device(data);
        NativeBackend peer = Peer(device);
        PathProblem[] all = [.. Enumerable.Range(0, IsReal(device) ? Math.Max(documents, once.Length) : once.Length).Select(p => once[p % once.Length])];
        AlignmentPath[] paths = [.. all.Select(static _ => new AlignmentPath())];
        var work = new DevicePaths(device, all, banded);
        work.Answer(paths);
        var path = new AlignmentPath();
        for (int p = 0; p < all.Length; p++)
        {
            if (p < once.Length)
                peer.FindAlignmentPath(all[p].Source, all[p].Target, all[p].Cost, path);
            AlignmentPath expected = p < once.Length ? path : paths[p % once.Length];
            if (paths[p].Cost != expected.Cost || !paths[p].Steps.SequenceEqual(expected.Steps))
                throw BenchData.Wrong(id, $"path {p} of {all[p].Source.Length} x {all[p].Target.Length} tokens differs from the native backend's");
        }

        return Case(
            device, id, "cells/s", Cells(all), work,
            Loop(peer, Cells(once), () =>
            {
                foreach (PathProblem one in once)
                    peer.FindAlignmentPath(one.Source, one.Target, one.Cost, path);
            }),
            $"{all.Length} documents at once, {once.Length} distinct, {Tables()} with directions and the walk back");

        string Tables() => banded
            ? FormattableString.Invariant($"tables of {work.Banded} of {work.Tried} tried in part ({work.BandedCells:N0} cells; the rate counts whole tables)")
            : "whole tables";

        static double Cells(PathProblem[] problems) => problems.Sum(static p => (double)p.Source.Length * p.Target.Length);
    }

    /// <summary>Documents in managed memory, each often enough that chunks overlap: staged in page-locked memory, aligned, read back.</summary>
    private static BenchCase Documents(
        BenchData data, string id, Func<BenchDocument, AlignmentOptions> options, AlignmentOptions tinyOptions, Func<BenchDocuments, BenchDocument[]> choose)
    {
        GpuBackend device = Device(data);
        NativeBackend peer = Peer(device);
        BenchDocument[] candidates = IsReal(device) ? choose(data.Documents) : Tiny(tinyOptions);
        if (!IsReal(device))
            options = _ => tinyOptions;
        if (Rules.SemanticCosts.Reads(tinyOptions.Cost))
            candidates = EmbeddingCases.WithVectors(candidates);
        BenchDocument[] documents = DocumentCases.Agreeing(id, device, peer, candidates, options);
        int copies = IsReal(device) ? 1 + (DocumentTokens / documents.Sum(static d => d.Pair.Target.Length)) : 1;
        var many = DocumentWork.Of([.. documents.SelectMany(d => Enumerable.Repeat(d, copies))], options);
        var once = DocumentWork.Of(documents, options);
        return new BenchCase(
            id, "tokens/s", new PassLoop(device.Name, many.Tokens, () => many.Run(device), onTheClock: true), () => [Loop(peer, once.Tokens, () => once.Run(peer))],
            () => Note(device, $"{BenchDocuments.Describe(documents)}, each {copies} times"), Clock: PipelineClock);
    }

    private static BenchDocument[] Tiny(AlignmentOptions options)
    {
        var drawn = new DrawnDocuments(seed: 9, count: 2);
        return [.. drawn.Pairs.Select(p => new BenchDocument(p, drawn.Vocabularies, "random", "random", options))];
    }

    private static BenchCase Case(GpuBackend device, string id, string unit, double units, DeviceBench work, IContestant peer, string note) =>
        new(id, unit, new DeviceLoop(device.Name, units, work), () => [peer], () => Note(device, note), Clock: DeviceClock);

    private static string Note(GpuBackend device, string note) => $"{note}; {device.DeviceName}";

    public static PassLoop Loop(NativeBackend peer, double units, Action pass) => new($"{peer.Name}, one thread", units, pass, onTheClock: true);

    private static GpuBackend Device(BenchData data) => (GpuBackend)data.Backend;

    /// <summary>Whether sizes are those of a real device.</summary>
    private static bool IsReal(GpuBackend backend) => backend.ComputeCapability is not null;

    public static NativeBackend Peer(GpuBackend device) => NativeLibraryFile.WhyUnavailable is { } problem
        ? throw new AlignmentDataException($"backend {device.Name} is checked against backend native, which does not run here: {problem}")
        : new NativeBackend();

    /// <summary>A tape, or on the emulator a few of its tokens.</summary>
    private static TokenTape Sized(GpuBackend device, TokenTape tape, int tiny)
    {
        if (IsReal(device))
            return tape;
        var builder = new TokenTapeBuilder(tiny);
        for (int t = 0; t < tiny; t++)
            builder.Add(tape[(int)((long)t * tape.Count / tiny)]);
        return builder.ToTape();
    }

    private static PathProblem[] TinyPaths => [TinyPath(37, 29), TinyPath(8, 50)];

    private static PathProblem TinyPath(int n, int m)
    {
        var random = new Random(n);
        var cost = new byte[9, 7];
        random.NextBytes(cost.AsSpan());
        return new PathProblem(RandomTapes.Ids(random, n, 9), RandomTapes.Ids(random, m, 7), cost);
    }
}

/// <summary>Passes over data on a device, more of them in a row until they take long enough.</summary>
internal sealed class DeviceLoop(string name, double units, DeviceBench work) : IContestant
{
    private int _passes = 1;

    public string Name => name;

    public Lap Run(double seconds)
    {
        double spent = work.Time(_passes);
        while (spent < seconds / 2)
        {
            _passes *= 2;
            spent = work.Time(_passes);
        }

        return new Lap(_passes * units, spent);
    }
}
