using CommunityToolkit.HighPerformance;
using PtaKernels.Cli.Verify;
using PtaKernels.Gpu;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>path.2048: alignment paths of long documents, from ids and the cost table of their distinct tokens.</summary>
internal static class PathCases
{
    private const string Id = "path.2048";

    /// <summary>Tokens that both sides must have.</summary>
    private const int FewestTokens = 1400;

    public static BenchCase Path2048(BenchData data)
    {
        var check = new PathCheck(data.Golden);
        foreach (var row in data.Rows("dtw"))
            BenchData.Require(Id, check.Check(row));
        PathWork[] work = WorkOf(data);
        var path = new AlignmentPath();
        ulong sum = 0;
        foreach (PathWork one in work)
            sum = one.Require(data.Backend, path, sum);

        data.Work.Write<long>("path.shapes", [.. work.SelectMany(static w => w.Shape)]);
        data.Work.Write<int>("path.rows", [.. work.SelectMany(static w => w.Source)]);
        data.Work.Write<int>("path.columns", [.. work.SelectMany(static w => w.Target)]);
        data.Work.Write<byte>("path.costs", [.. work.SelectMany(static w => w.Cost)]);
        IContestant[] Peers() => [data.NativeFor(Id, "path", sum, static _ => "scalar C++")];
        double cells = work.Sum(static w => (double)w.Source.Length * w.Target.Length);
        var ours = new PassLoop(data.Backend.Name, cells, () =>
        {
            foreach (PathWork one in work)
                one.Find(data.Backend, path);
        });
        return new BenchCase(Id, "cells/s", ours, Peers, () =>
            $"{work.Length} documents: {string.Join(", ", work.Select(static w => $"{w.Source.Length} x {w.Target.Length}"))}{data.Documents.Origin}",
            Limit: () => KernelLimits.Of(data.Backend) is { } limits ? limits.Paths([.. work.Select(w => w.Strips(limits.StripWidth))], cells) : null);
    }

    /// <summary>The same documents as problems of their own.</summary>
    public static PathProblem[] Problems(BenchData data) => [.. WorkOf(data).Select(static w => w.ToProblem())];

    private static PathWork[] WorkOf(BenchData data)
    {
        BenchDocument[] documents = [.. data.Documents.Documents.Where(static d => Math.Min(d.Pair.Source.Length, d.Pair.Target.Length) >= FewestTokens)];
        if (documents.Length == 0)
            throw new AlignmentDataException($"{Id}: no document has {FewestTokens} tokens on both sides; name other golden files with --golden.");
        return [.. documents.Select(static d => new PathWork(d))];
    }

    /// <summary>A document's tokens as rows and columns of the costs between its distinct tokens.</summary>
    private sealed class PathWork
    {
        private readonly int _rows;
        private readonly int _columns;

        public PathWork(BenchDocument document)
        {
            OfficialStrings strings = document.Vocabularies.Official;
            int[] rows = [.. document.Pair.Source.Ids.Distinct()], columns = [.. document.Pair.Target.Ids.Distinct()];
            Dictionary<int, int> rowOf = rows.Index().ToDictionary(static p => p.Item, static p => p.Index), columnOf = columns.Index().ToDictionary(static p => p.Item, static p => p.Index);
            (_rows, _columns) = (rows.Length, columns.Length);
            Source = [.. document.Pair.Source.Ids.Select(t => rowOf[t])];
            Target = [.. document.Pair.Target.Ids.Select(t => columnOf[t])];
            Cost = new byte[_rows * _columns];
            if (new ReferenceBackend().ComputeCostMatrix(strings.SourceStripped, rows, strings.TargetStripped, columns, new Span2D<byte>(Cost, _rows, _columns)) != KernelStatus.Ok)
                throw new AlignmentDataException(document.Pair.Target.Id, "two tokens are over 254 edits apart; bench compares byte costs.");
        }

        public int[] Source { get; }

        public int[] Target { get; }

        public byte[] Cost { get; }

        /// <summary>Positions of both sides, rows and columns of the table.</summary>
        public long[] Shape => [Source.Length, Target.Length, _rows, _columns];

        /// <summary>The least steps that its path takes.</summary>
        public PathStrips Strips(int width) => PathStrips.Of(Source, Target, Cost, _columns, width);

        public PathProblem ToProblem() => new(Source, Target, new ReadOnlySpan2D<byte>(Cost, _rows, _columns).ToArray());

        public void Find(IKernelBackend backend, AlignmentPath path) => backend.FindAlignmentPath(Source, Target, new ReadOnlySpan2D<byte>(Cost, _rows, _columns), path);

        /// <summary>The backend's path is the plain one's; its checksum, from the last step to the first.</summary>
        public ulong Require(IKernelBackend backend, AlignmentPath path, ulong sum)
        {
            var expected = new AlignmentPath();
            Find(new ReferenceBackend(), expected);
            Find(backend, path);
            if (path.Cost != expected.Cost || !path.Steps.SequenceEqual(expected.Steps))
                throw BenchData.Wrong(Id, $"a path of {Source.Length} x {Target.Length} tokens costs {path.Cost}, expected {expected.Cost}, or takes other steps");
            sum = unchecked((sum * 31) + (ulong)path.Cost);
            for (int s = path.Steps.Length - 1; s >= 0; s--)
                sum = unchecked((sum * 31) + ((ulong)path.Steps[s].Source * 65536) + (ulong)path.Steps[s].Target);
            return sum;
        }
    }
}
