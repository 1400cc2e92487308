using CommunityToolkit.HighPerformance;
using PtaKernels.Cli.Verify;
using PtaKernels.Gpu;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>path.*: alignment paths of documents of several lengths, from ids and the cost table of their distinct tokens.</summary>
internal static class PathCases
{
    /// <summary>Tokens that both sides must have in <see cref="Path2048"/>.</summary>
    private const int FewestTokens = 1400;

    private const string LongId = "path.2048";

    /// <summary>First tokens of both sides that the published loop is timed on.</summary>
    private const int CornerTokens = 256;

    /// <summary>The long documents of doc.*.</summary>
    public static BenchCase Path2048(BenchData data)
    {
        PathDocument[] documents = LongDocuments(data);
        return Of(data, LongId, documents, $"{documents.Length} documents: {string.Join(", ", documents.Select(static d => $"{d.Source.Length} x {d.Target.Length}"))}{data.Documents.Origin}");
    }

    /// <summary>Documents of one length, cut from the samples.</summary>
    /// <param name="data">What the cases are made of.</param>
    /// <param name="id">The case.</param>
    /// <param name="target">The target's vocabulary.</param>
    /// <param name="tokens">GPT-2 tokens of a document.</param>
    public static BenchCase? OfLength(BenchData data, string id, string target, int tokens)
    {
        if (PathTexts.Of(data, target) is not { } texts)
            return null;
        PathDocument[] documents = texts.Cut(tokens);
        return Of(data, id, documents, texts.Describe(documents));
    }

    /// <summary>The documents of <see cref="Path2048"/> as problems of their own.</summary>
    public static PathProblem[] Problems(BenchData data) => [.. LongDocuments(data).Select(static d => new PathWork(d).ToProblem())];

    /// <summary>The documents of a length as problems of their own; null outside the repository.</summary>
    public static PathProblem[]? Problems(BenchData data, string target, int tokens) =>
        PathTexts.Of(data, target) is { } texts ? [.. texts.Cut(tokens).Select(static d => new PathWork(d).ToProblem())] : null;

    private static PathDocument[] LongDocuments(BenchData data)
    {
        BenchDocument[] documents = [.. data.Documents.Documents.Where(static d => Math.Min(d.Pair.Source.Length, d.Pair.Target.Length) >= FewestTokens)];
        if (documents.Length == 0)
            throw new AlignmentDataException($"{LongId}: no document has {FewestTokens} tokens on both sides; name other golden files with --golden.");
        return [.. documents.Select(static d => new PathDocument(d.Pair.Source.Ids, d.Pair.Target.Ids, d.Vocabularies.Official))];
    }

    private static BenchCase Of(BenchData data, string id, PathDocument[] documents, string note)
    {
        data.Share("golden paths", () => RequireGolden(data, id));
        PathWork[] work = [.. documents.Select(static d => new PathWork(d))];
        var path = new AlignmentPath();
        ulong sum = 0;
        foreach (PathWork one in work)
            sum = one.Require(id, data.Backend, path, sum);

        data.Work.Write<long>($"{id}/path.shapes", [.. work.SelectMany(static w => w.Shape)]);
        data.Work.Write<int>($"{id}/path.rows", [.. work.SelectMany(static w => w.Source)]);
        data.Work.Write<int>($"{id}/path.columns", [.. work.SelectMany(static w => w.Target)]);
        data.Work.Write<byte>($"{id}/path.costs", [.. work.SelectMany(static w => w.Cost)]);
        IContestant[] Peers() => PeersOf.Path(data, id, $"{id}/path", sum, CornerTokens, work.Aggregate(0UL, (s, w) => w.Corner(CornerTokens).Require(id, data.Backend, path, s)));
        double cells = work.Sum(static w => (double)w.Source.Length * w.Target.Length);
        var ours = new PassLoop(data.Backend.Name, cells, () =>
        {
            foreach (PathWork one in work)
                one.Find(data.Backend, path);
        });
        return new BenchCase(
            id, "cells/s", ours, Peers, () => note,
            Limit: () => KernelLimits.Of(data.Backend) is { } limits ? limits.Paths([.. work.Select(w => w.Strips(limits.StripWidth))], cells) : null);
    }

    /// <returns>How many golden paths the backend finds.</returns>
    private static int RequireGolden(BenchData data, string id)
    {
        var check = new PathCheck(data.Golden);
        return data.Rows("dtw").Count(row => BenchData.Require(id, check.Check(row)));
    }

    /// <summary>A document's tokens as rows and columns of the costs between its distinct tokens.</summary>
    private sealed class PathWork
    {
        private readonly int _rows;
        private readonly int _columns;

        public PathWork(PathDocument document)
        {
            int[] rows = [.. document.Source.Distinct()], columns = [.. document.Target.Distinct()];
            Dictionary<int, int> rowOf = rows.Index().ToDictionary(static p => p.Item, static p => p.Index), columnOf = columns.Index().ToDictionary(static p => p.Item, static p => p.Index);
            (_rows, _columns) = (rows.Length, columns.Length);
            Source = [.. document.Source.Select(t => rowOf[t])];
            Target = [.. document.Target.Select(t => columnOf[t])];
            Cost = new byte[_rows * _columns];
            if (new ReferenceBackend().ComputeCostMatrix(document.Strings.SourceStripped, rows, document.Strings.TargetStripped, columns, new Span2D<byte>(Cost, _rows, _columns)) != KernelStatus.Ok)
                throw new AlignmentDataException("path.*: two tokens of a document are over 254 edits apart; bench compares byte costs.");
        }

        private PathWork(PathWork whole, int most)
        {
            (_rows, _columns, Cost) = (whole._rows, whole._columns, whole.Cost);
            (Source, Target) = (whole.Source[..Math.Min(most, whole.Source.Length)], whole.Target[..Math.Min(most, whole.Target.Length)]);
        }

        public int[] Source { get; }

        public int[] Target { get; }

        public byte[] Cost { get; }

        /// <summary>Positions of both sides, rows and columns of the table.</summary>
        public long[] Shape => [Source.Length, Target.Length, _rows, _columns];

        /// <summary>The first tokens of both sides.</summary>
        public PathWork Corner(int most) => new(this, most);

        /// <summary>The least steps that its path takes.</summary>
        public PathStrips Strips(int width) => PathStrips.Of(Source, Target, Cost, _columns, width);

        public PathProblem ToProblem() => new(Source, Target, new ReadOnlySpan2D<byte>(Cost, _rows, _columns).ToArray());

        public void Find(IKernelBackend backend, AlignmentPath path) => backend.FindAlignmentPath(Source, Target, new ReadOnlySpan2D<byte>(Cost, _rows, _columns), path);

        /// <summary>The backend's path is the plain one's; its checksum, from the last step to the first.</summary>
        public ulong Require(string id, IKernelBackend backend, AlignmentPath path, ulong sum)
        {
            var expected = new AlignmentPath();
            Find(new ReferenceBackend(), expected);
            Find(backend, path);
            if (path.Cost != expected.Cost || !path.Steps.SequenceEqual(expected.Steps))
                throw BenchData.Wrong(id, $"a path of {Source.Length} x {Target.Length} tokens costs {path.Cost}, expected {expected.Cost}, or takes other steps");
            sum = unchecked((sum * 31) + (ulong)path.Cost);
            for (int s = path.Steps.Length - 1; s >= 0; s--)
                sum = unchecked((sum * 31) + ((ulong)path.Steps[s].Source * 65536) + (ulong)path.Steps[s].Target);
            return sum;
        }
    }
}
