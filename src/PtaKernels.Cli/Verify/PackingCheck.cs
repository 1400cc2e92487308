using System.Text.Json;
using PtaKernels.Training;

namespace PtaKernels.Cli.Verify;

/// <summary>packing: the official blocks of some documents, metrics at level sequence.</summary>
internal sealed class PackingCheck(GoldenContext context) : GoldenCheck(context)
{
    /// <summary>Means are taken in another order of additions.</summary>
    private const double MetricTolerance = 1e-12;

    public override GoldenResult Check(JsonElement row)
    {
        var packer = new OfficialPacker(row.GetProperty("block_size").GetInt32());
        JsonElement input = row.GetProperty("input"), expected = row.GetProperty("output");
        string[] names = [.. input.EnumerateObject().Select(static p => p.Name)];
        OfficialRow[] blocks =
        [
            .. Enumerable.Range(0, input.GetProperty(OfficialColumns.Ids).GetArrayLength()).Select(d => Row(input, names, d)).SelectMany(packer.Add), .. packer.Finish(),
        ];
        int count = expected.GetProperty(OfficialColumns.Ids).GetArrayLength();
        if (blocks.Length != count)
            return GoldenResult.Fail($"{blocks.Length} blocks, expected {count}");
        string[] wanted = [.. expected.EnumerateObject().Select(static p => p.Name)];
        if (!wanted.Order(StringComparer.Ordinal).SequenceEqual(names.Order(StringComparer.Ordinal)))
            return GoldenResult.Fail($"columns {string.Join(", ", names)}, expected {string.Join(", ", wanted)}");
        for (int b = 0; b < count; b++)
        {
            OfficialRow block = Row(expected, wanted, b);
            if (wanted.FirstOrDefault(name => !Same(blocks[b][name], block[name])) is { } differs)
                return GoldenResult.Fail($"block {b} differs in {differs}");
        }

        return GoldenResult.Pass;
    }

    private static OfficialRow Row(JsonElement columns, string[] names, int index)
    {
        var row = new OfficialRow();
        foreach (string name in names)
        {
            JsonElement value = columns.GetProperty(name)[index];
            row.Add(name, OfficialColumns.KindOf(name) switch
            {
                OfficialKind.Integers => GoldenJson.Integers(value),
                OfficialKind.TokenLists => GoldenJson.IntegerRows(value),
                OfficialKind.ValueLists => GoldenJson.NumberRows(value),
                OfficialKind.Metric => GoldenJson.Number(value),
                _ => throw new InvalidDataException($"{name} is no official column"),
            });
        }

        return row;
    }

    private static bool Same(object actual, object expected) => (actual, expected) switch
    {
        (int[] a, int[] b) => a.AsSpan().SequenceEqual(b),
        (int[][] a, int[][] b) => a.Length == b.Length && a.Zip(b).All(static p => p.First.AsSpan().SequenceEqual(p.Second)),
        (double[][] a, double[][] b) => a.Length == b.Length && a.Zip(b).All(static p => p.First.AsSpan().SequenceEqual(p.Second)),
        (double a, double b) => GoldenJson.Difference([a], [b]) <= MetricTolerance * Math.Max(1, Math.Abs(b)),
        _ => false,
    };
}
