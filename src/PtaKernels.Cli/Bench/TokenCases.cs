using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using CommunityToolkit.HighPerformance;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>edit.all-pairs and map.gpt2-spA: two vocabularies against each other, as the official code spells their tokens.</summary>
internal static class TokenCases
{
    private const string EditId = "edit.all-pairs";
    private const string MapId = "map.gpt2-spA";
    private const int EditRows = 2000;

    /// <summary>Of every 64 queries the compiled peer checks the first 8; its rates, too, come from evenly spaced parts.</summary>
    private const int PeerSlices = 64;
    private const int PeerCheckedSlices = 8;

    /// <summary>Every how many rows or queries the plain backend checks one.</summary>
    private const int PlainStride = 29;

    /// <summary>2,000 evenly spaced GPT-2 tokens against all of spA, word markers removed, one byte a distance.</summary>
    public static BenchCase EditAllPairs(BenchData data)
    {
        (TokenTape source, TokenTape target) = Stripped(data);
        int[] all = Edit.SourceTokens(source, EditRows), columns = [.. Enumerable.Range(0, target.Count)];
        var edit = new Edit(data.Backend, source, target, columns);
        int[] rows = Fitting(data, all, 8, edit.Fill);
        edit.Fill(rows);
        edit.Require(rows);
        data.Work.WriteTokens("edit.source", source, rows);
        data.Work.WriteTokens("edit.target", target, columns);
        IContestant[] Peers() => PeersOf.Edit(data, EditId, rows.Length, edit.Sum);
        double pairs = (double)rows.Length * columns.Length;
        return new BenchCase(
            EditId, "pairs/s", new PassLoop(data.Backend.Name, pairs, () => edit.Fill(rows)), Peers,
            () => $"{rows.Length} x {columns.Length} tokens" + (rows.Length < all.Length ? $", cut down from {all.Length} rows" : ""),
            Limit: () => KernelLimits.Of(data.Backend)?.EditAllPairs(source, rows, target, columns, pastCaches: true));
    }

    /// <summary>The same on two threads, compared with one.</summary>
    public static BenchCase EditTeam(BenchData data)
    {
        const int Pieces = 2;
        (TokenTape source, TokenTape target) = Stripped(data);
        int[] all = Edit.SourceTokens(source, EditRows), columns = [.. Enumerable.Range(0, target.Count)];
        Edit one = new(data.Backend, source, target, columns), team = new(data.Backend, source, target, columns);
        int[] rows = Fitting(data, all, 8, one.Fill);
        double pairs = (double)rows.Length * columns.Length;
        one.Fill(rows);
        one.Require(rows);
        return new BenchCase(
            EditId, "pairs/s",
            new TeamLoop(data.Backend.Name, pairs, 2, Pieces, p => team.Fill(rows, rows.Length * p / Pieces, rows.Length * (p + 1) / Pieces)),
            () => [new PassLoop("one thread", pairs, () => one.Fill(rows), onTheClock: true)], () => $"the work of {EditId}, in {Pieces} halves", 2);
    }

    /// <summary>The nearest spA token of every GPT-2 token. Each pass begins with fresh tapes, so whatever a backend builds is built anew.</summary>
    public static BenchCase Map(BenchData data)
    {
        VocabularyPair pair = data.Pair("gpt2", "spA");
        TokenTape keys = pair.Official.Keys, targets = pair.Official.TargetStrings;
        RequireGolden(data);
        int[] all = [.. Enumerable.Range(0, keys.Count)], nearest = new int[all.Length], distance = new int[all.Length];
        int[] tokens = Fitting(data, all, 512, Find);
        Find(tokens);
        if (tokens.Length == all.Length)
            RequirePlain(keys, targets, [.. all.Where(static q => q % PlainStride == 0), all[^1]], nearest, distance);
        data.Work.WriteTokens("map.source", keys, all);
        data.Work.WriteTokens("map.target", targets, Enumerable.Range(0, targets.Count));
        // A backend that is too slow for the whole vocabulary answers the peers' queries by themselves.
        IContestant[] Peers() => PeersOf.Map(
            data, MapId, all.Length, [.. all.Where(static q => q % PeerSlices < PeerCheckedSlices)],
            some => tokens.Length == all.Length ? Sum(some, q => (nearest[q], distance[q])) : SlowSum(data, keys, targets, some));
        int exact = distance.AsSpan(0, tokens.Length).Count(0);
        return new BenchCase(
            MapId, "queries/s", new PassLoop(data.Backend.Name, tokens.Length, () => Find(tokens)), Peers,
            () => $"{tokens.Length} queries, {exact} of them exact hits, {targets.Count} targets" + (tokens.Length < all.Length ? $", cut down from {all.Length}" : ""),
            Limit: () => KernelLimits.Of(data.Backend)?.Nearest(keys, tokens, targets, distance));

        void Find(int[] some) => data.Backend.FindNearestTokens(
            Fresh(keys), some, Fresh(targets), nearest.AsSpan(0, some.Length), distance.AsSpan(0, some.Length));
    }

    private static ulong SlowSum(BenchData data, TokenTape keys, TokenTape targets, int[] asked)
    {
        var found = new ConcurrentDictionary<int, (int Nearest, int Distance)>();
        Parallel.ForEach(asked.Chunk(256), queries =>
        {
            int[] nearest = new int[queries.Length], distance = new int[queries.Length];
            data.Backend.FindNearestTokens(keys, queries, targets, nearest, distance);
            foreach ((int k, int q) in queries.Index())
                found[q] = (nearest[k], distance[k]);
        });
        return Sum(asked, q => found[q]);
    }

    /// <summary>The peers' checksum of the answers to some queries.</summary>
    private static ulong Sum(int[] queries, Func<int, (int Nearest, int Distance)> answer)
    {
        ulong sum = 0;
        foreach (int q in queries)
        {
            (int nearest, int distance) = answer(q);
            sum += (((ulong)nearest + 1) * (1 + ((ulong)q % 65521))) + ((ulong)distance * (1 + ((ulong)q % 257)));
        }

        return sum;
    }

    private static TokenTape Fresh(TokenTape tape) => new(tape.Symbols.ToArray(), tape.Offsets.ToArray());

    private static (TokenTape Source, TokenTape Target) Stripped(BenchData data)
    {
        OfficialStrings strings = data.Pair("gpt2", "spA").Official;
        return (strings.SourceStripped, strings.TargetStripped);
    }

    /// <summary>All of the work, or evenly spaced parts of it that a pass of this backend gets through in a quarter of the time; a probe of two sizes tells.</summary>
    private static int[] Fitting(BenchData data, int[] all, int probe, Action<int[]> pass)
    {
        pass(Spaced(all, probe)); // compiles
        double few = Seconds(probe), more = Seconds(4 * probe), each = Math.Max(0, more - few) / (3 * probe);
        return each * all.Length <= data.Seconds ? all : Spaced(all, Math.Max(probe, (int)(data.Seconds / 4 / each)));

        double Seconds(int count)
        {
            int[] some = Spaced(all, count);
            var clock = Stopwatch.StartNew();
            pass(some);
            return clock.Elapsed.TotalSeconds;
        }
    }

    private static int[] Spaced(int[] all, int count) => count >= all.Length ? all : [.. Enumerable.Range(0, count).Select(k => all[(long)k * all.Length / count])];

    /// <summary>The golden vocab_map rows of this pair of vocabularies.</summary>
    private static void RequireGolden(BenchData data)
    {
        var targets = new Dictionary<string, TokenTape>(StringComparer.Ordinal);
        foreach (IGrouping<string, JsonElement> group in data.Rows("vocab_map").GroupBy(static r => r.GetProperty("target").GetString()!))
        {
            JsonElement[] rows = [.. group];
            if (data.Golden.Vocabularies.Find(group.Key) is not { } target)
                continue;
            var tape = TokenTape.FromStrings([.. Enumerable.Range(0, target.Count).Select(target.StringOf)]);
            var keys = TokenTape.FromStrings([.. rows.Select(static r => r.GetProperty("key").GetString())]);
            int[] nearest = new int[rows.Length], distance = new int[rows.Length];
            data.Backend.FindNearestTokens(keys, [.. Enumerable.Range(0, rows.Length)], tape, nearest, distance);
            foreach ((int q, JsonElement row) in rows.Index())
            {
                string mapped = row.GetProperty("mapped").GetString()!, found = nearest[q] < 0 ? "nothing" : target.StringOf(nearest[q])!;
                if (found != mapped || distance[q] != row.GetProperty("distance").GetInt32())
                    throw BenchData.Wrong(MapId, $"\"{row.GetProperty("key").GetString()}\" maps to \"{found}\" at {distance[q]}, expected \"{mapped}\"");
            }
        }
    }

    private static void RequirePlain(TokenTape keys, TokenTape targets, int[] queries, int[] nearest, int[] distance)
    {
        var plain = new ReferenceBackend();
        Parallel.ForEach(queries.Chunk(128), some =>
        {
            int[] id = new int[some.Length], edits = new int[some.Length];
            plain.FindNearestTokens(keys, some, targets, id, edits);
            foreach ((int k, int q) in some.Index())
            {
                if (id[k] != nearest[q] || edits[k] != distance[q])
                    throw BenchData.Wrong(MapId, $"query {q} maps to {nearest[q]} at {distance[q]}, expected {id[k]} at {edits[k]}");
            }
        });
    }

    /// <summary>A cost matrix and the call that fills it.</summary>
    private sealed class Edit(IKernelBackend backend, TokenTape source, TokenTape target, int[] columns)
    {
        private readonly byte[] _cost = new byte[EditRows * columns.Length];

        public static int[] SourceTokens(TokenTape source, int count) => [.. Enumerable.Range(0, count).Select(k => (int)((long)k * source.Count / count))];

        public void Fill(int[] rows) => Fill(rows, 0, rows.Length);

        public void Fill(int[] rows, int begin, int end)
        {
            var cost = new Span2D<byte>(_cost, begin * columns.Length, end - begin, columns.Length, 0);
            if (backend.ComputeCostMatrix(source, rows.AsSpan(begin..end), target, columns, cost) != KernelStatus.Ok)
                throw BenchData.Wrong(EditId, "a distance over 254");
        }

        /// <summary>Some rows against the plain backend, the last one among them.</summary>
        public void Require(int[] rows)
        {
            byte[] expected = new byte[columns.Length];
            for (int r = rows.Length - 1; r >= 0; r -= PlainStride)
            {
                new ReferenceBackend().ComputeCostMatrix(source, [rows[r]], target, columns, new Span2D<byte>(expected, 1, columns.Length));
                if (!_cost.AsSpan(r * columns.Length, columns.Length).SequenceEqual(expected))
                    throw BenchData.Wrong(EditId, $"the distances of token {rows[r]} differ from the plain backend's");
            }
        }

        /// <summary>The peers' checksum of some rows.</summary>
        public ulong Sum(int[] rows)
        {
            ulong sum = 0;
            foreach (int i in rows)
            {
                for (int j = 0; j < columns.Length; j++)
                    sum += _cost[(i * columns.Length) + j] * (1 + ((((ulong)i * 1000003) + (ulong)j) % 65521));
            }

            return sum;
        }
    }
}
