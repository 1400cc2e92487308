using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Rules;

namespace PtaKernels.Cli.Bench;

/// <summary>path.document and map.nearest: the two searches over tokens.</summary>
internal static class TokenCases
{
    /// <summary>Seconds of the official code per source and target token: 23.5 ms for a source token among 32,000.</summary>
    private const double OfficialSearch = 23.5e-3 / 32_000;

    /// <summary>Paths of the golden dtw rows; the cost tables are made before the clock starts.</summary>
    public static BenchCase Path(BenchData data)
    {
        const string Id = "path.document";
        var check = new PathCheck(data.Golden);
        var tables = new List<UniqueTokenCosts>();
        double officialSeconds = 0;
        foreach (JsonElement row in data.Rows("dtw"))
        {
            BenchData.Require(Id, check.Check(row));
            tables.Add(PathCheck.CostsOf(row, data.Backend));
            officialSeconds += row.TryGetProperty("seconds", out JsonElement seconds) ? seconds.GetDouble() : double.NaN;
        }

        double cells = tables.Sum(static t => (double)t.SourceRows.Length * t.TargetColumns.Length);
        var path = new AlignmentPath();
        var ours = new PassLoop(data.Backend.Name, cells, () =>
        {
            foreach (UniqueTokenCosts table in tables)
                table.FindPath(data.Backend, path);
        });
        IContestant peer = data.PythonFor("path") ?? new RecordedRate("official code, recorded", cells / officialSeconds);
        return new BenchCase(Id, "cells/s", ours, peer, () => $"{tables.Count} token sequences, largest table {tables.Max(static t => t.SourceRows.Length * t.TargetColumns.Length)} cells");
    }

    /// <summary>The golden vocab_map rows, each against its whole target vocabulary.</summary>
    public static BenchCase Nearest(BenchData data)
    {
        const string Id = "map.nearest";
        var batches = new List<(TokenTape Queries, int[] Tokens, TokenTape Target, int[] Nearest, int[] Distance)>();
        int queries = 0, exact = 0, skipped = 0;
        double officialSeconds = 0;
        foreach (IGrouping<(string, string), JsonElement> group in data.Rows("vocab_map").GroupBy(static r => (r.GetProperty("source").GetString()!, r.GetProperty("target").GetString()!)))
        {
            JsonElement[] rows = [.. group];
            if (data.Golden.Vocabularies.Find(group.Key.Item2) is not { } target)
            {
                skipped += rows.Length;
                continue;
            }

            var tape = TokenTape.FromStrings([.. Enumerable.Range(0, target.Count).Select(target.StringOf)]);
            var keys = TokenTape.FromStrings([.. rows.Select(static r => r.GetProperty("key").GetString())]);
            int[] tokens = [.. Enumerable.Range(0, rows.Length)], nearest = new int[rows.Length], distance = new int[rows.Length];
            data.Backend.FindNearestTokens(keys, tokens, tape, nearest, distance);
            foreach ((int q, JsonElement row) in rows.Index())
            {
                string mapped = row.GetProperty("mapped").GetString()!, found = nearest[q] < 0 ? "nothing" : target.StringOf(nearest[q])!;
                if (found != mapped || distance[q] != row.GetProperty("distance").GetInt32())
                    throw BenchData.Wrong(Id, $"\"{row.GetProperty("key").GetString()}\" maps to \"{found}\" at {distance[q]}, expected \"{mapped}\"");
            }

            batches.Add((keys, tokens, tape, nearest, distance));
            int hits = distance.Count(0);
            (queries, exact) = (queries + rows.Length, exact + hits);
            officialSeconds += (rows.Length - hits) * target.Count * OfficialSearch;
        }

        if (queries == 0)
            throw new AlignmentDataException($"vocab_map needs vocabularies that {data.Golden.Vocabularies.Folder} does not have; name their folder with --vocab.");
        var ours = new PassLoop(data.Backend.Name, queries, () =>
        {
            foreach ((TokenTape keys, int[] tokens, TokenTape target, int[] nearest, int[] distance) in batches)
                data.Backend.FindNearestTokens(keys, tokens, target, nearest, distance);
        });
        // The official code finds an exact hit by a scan; here it costs the peer nothing.
        return new BenchCase(
            Id, "queries/s", ours, new RecordedRate("official code, recorded", queries / officialSeconds),
            () => $"{queries} queries, {exact} of them exact hits" + (skipped > 0 ? $"; {skipped} without vocabulary left out" : ""));
    }
}
