using System.Runtime.InteropServices;
using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>A row of a model's dataset as the official forward step makes it.</summary>
internal sealed record ModelRow(int[] Ids, double[][] Logits, int[][] Indices)
{
    public double? MeanCrossEntropy { get; init; }

    public double[]? CrossEntropy { get; init; }

    public double[]? LogSumExp { get; init; }

    public string Text { get; init; } = "text";

    public string Language { get; init; } = "en";
}

public enum ListKind
{
    List,
    Large,
    Fixed,
}

/// <summary>How a dataset is stored.</summary>
internal sealed record FolderLayout
{
    public IArrowType Values { get; init; } = HalfFloatType.Default;

    public IArrowType Tokens { get; init; } = Int64Type.Default;

    /// <summary>Lists of positions; <see cref="ListKind.Fixed"/> needs padding.</summary>
    public ListKind Positions { get; init; }

    /// <summary>Lists of candidates.</summary>
    public ListKind Candidates { get; init; }

    /// <summary>Rows are padded to that many positions; 0 = not padded.</summary>
    public int PadTo { get; init; }

    public int RowsPerBatch { get; init; } = 1000;

    public int RowsPerShard { get; init; } = int.MaxValue;

    public bool Extras { get; init; } = true;
}

/// <summary>Writes dataset folders as <c>save_to_disk</c> does, sharing nothing with the writer under test but the Arrow library.</summary>
internal static class OfficialFolder
{
    public static void WriteDict(string folder, FolderLayout layout, params (string Split, ModelRow[] Rows)[] splits)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "dataset_dict.json"), JsonSerializer.Serialize(new { splits = splits.Select(static s => s.Split) }));
        foreach ((string split, ModelRow[] rows) in splits)
            WriteDataset(Path.Combine(folder, split), layout, split, rows);
    }

    public static void WriteDataset(string folder, FolderLayout layout, string? split, ModelRow[] rows)
    {
        Directory.CreateDirectory(folder);
        ModelRow[][] shards = rows.Length == 0 ? [[]] : [.. rows.Chunk(layout.RowsPerShard)];
        string[] names = [.. shards.Select((_, i) => $"data-{i:D5}-of-{shards.Length:D5}.arrow")];
        for (int s = 0; s < shards.Length; s++)
            WriteShard(Path.Combine(folder, names[s]), layout, shards[s]);
        File.WriteAllText(Path.Combine(folder, "state.json"), JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["_data_files"] = names.Select(static n => new { filename = n }),
            ["_fingerprint"] = "0123456789abcdef",
            ["_split"] = split,
        }));
        File.WriteAllText(Path.Combine(folder, "dataset_info.json"), layout.Extras ? """{"features": {"label": {"names": ["a", "b"], "_type": "ClassLabel"}}}""" : """{"features": {}}""");
    }

    public static void WriteShard(string path, FolderLayout layout, ModelRow[] rows)
    {
        using FileStream file = File.Create(path);
        (string[] names, ArrayData[] some) = Columns(layout, rows.Length > 0 ? rows[..1] : []);
        var schema = new Schema(names.Select((n, i) => new Field(n, some[i].DataType, true)), null);
        using var writer = new ArrowStreamWriter(file, schema);
        writer.WriteStart();
        foreach (ModelRow[] chunk in rows.Chunk(layout.RowsPerBatch))
        {
            // Held until it is written: finalizers free the memory of arrays that nobody refers to.
            using var batch = new RecordBatch(schema, Columns(layout, chunk).Data.Select(ArrowArrayFactory.BuildArray), chunk.Length);
            writer.WriteRecordBatch(batch);
        }

        writer.WriteEnd();
    }

    public static (string[] Names, ArrayData[] Data) Columns(FolderLayout layout, ModelRow[] rows)
    {
        List<(string, ArrayData)> columns =
        [
            ("text", Texts([.. rows.Select(static r => r.Text)])),
            ("input_ids", Lists(ListKind.List, Leaf(Int32Type.Default, [.. rows.SelectMany(static r => r.Ids.Select(static i => (double)i))]), [.. rows.Select(static r => r.Ids.Length)])),
            ("attention_mask", Lists(ListKind.List, Leaf(Int8Type.Default, [.. rows.SelectMany(static r => r.Ids.Select(static _ => 1.0))]), [.. rows.Select(static r => r.Ids.Length)])),
            ("labels", Lists(ListKind.List, Leaf(Int64Type.Default, [.. rows.SelectMany(static r => r.Ids.Select(static i => (double)i))]), [.. rows.Select(static r => r.Ids.Length)])),
            ("per_step_logits", Nested(layout, layout.Values, [.. rows.Select(static r => r.Logits)])),
            ("per_step_indices", Nested(layout, layout.Tokens, [.. rows.Select(static r => r.Indices.Select(static i => i.Select(static v => (double)v).ToArray()).ToArray())])),
        ];
        if (rows.Length == 0 || rows[0].MeanCrossEntropy is not null)
            columns.Add(("metric_ce", Leaf(layout.Values, [.. rows.Select(static r => r.MeanCrossEntropy!.Value)])));
        if (rows.Length == 0 || rows[0].CrossEntropy is not null)
            columns.Add(("per_step_metric_ce", Padded(layout, [.. rows.Select(static r => r.CrossEntropy!)], layout.PadTo - 1)));
        if (rows.Length == 0 || rows[0].LogSumExp is not null)
            columns.Add(("per_step_lse", Padded(layout, [.. rows.Select(static r => r.LogSumExp!)], layout.PadTo)));
        if (layout.Extras)
        {
            columns.Add(("language", Texts([.. rows.Select(static r => r.Language)])));
            columns.Add(("label", Leaf(Int64Type.Default, [.. rows.Select(static r => r.Ids.Length % 2.0)])));
            columns.Add(("tags", Lists(ListKind.Large, Texts([.. rows.SelectMany(static r => new[] { r.Language, r.Text })]), [.. rows.Select(static _ => 2)])));
        }

        return ([.. columns.Select(static c => c.Item1)], [.. columns.Select(static c => c.Item2)]);
    }

    private static ArrayData Nested(FolderLayout layout, IArrowType leaf, double[][][] rows)
    {
        int k = rows.Length > 0 && rows[0].Length > 0 ? rows[0][0].Length : 2;
        double[][][] padded = [.. rows.Select(r => layout.PadTo == 0 ? r : [.. r, .. Enumerable.Repeat(new double[k], Math.Max(0, layout.PadTo - r.Length))])];
        ArrayData values = Leaf(leaf, [.. padded.SelectMany(static r => r.SelectMany(static p => p))]);
        ArrayData positions = Lists(layout.Candidates, values, [.. padded.SelectMany(static r => r.Select(static p => p.Length))], k);
        return Lists(layout.Positions, positions, [.. padded.Select(static r => r.Length)], layout.PadTo);
    }

    private static ArrayData Padded(FolderLayout layout, double[][] rows, int to) => Lists(
        ListKind.List,
        Leaf(layout.Values, [.. rows.SelectMany(r => r.Concat(Enumerable.Repeat(0.0, Math.Max(0, to - r.Length))))]),
        [.. rows.Select(r => Math.Max(to, r.Length))]);

    public static ArrayData Lists(ListKind kind, ArrayData items, int[] lengths, int size = 0)
    {
        if (kind == ListKind.Fixed)
            return new ArrayData(new FixedSizeListType(items.DataType, size), lengths.Length, 0, 0, [ArrowBuffer.Empty], [items]);
        long[] offsets = new long[lengths.Length + 1];
        for (int i = 0; i < lengths.Length; i++)
            offsets[i + 1] = offsets[i] + lengths[i];
        return kind == ListKind.Large
            ? new ArrayData(new LargeListType(items.DataType), lengths.Length, 0, 0, [ArrowBuffer.Empty, Buffer(offsets)], [items])
            : new ArrayData(new ListType(items.DataType), lengths.Length, 0, 0, [ArrowBuffer.Empty, Buffer([.. offsets.Select(static o => (int)o)])], [items]);
    }

    public static ArrayData Leaf(IArrowType type, double[] values) => new(type, values.Length, 0, 0, [ArrowBuffer.Empty, type.TypeId switch
    {
        ArrowTypeId.HalfFloat => Buffer([.. values.Select(static v => (Half)v)]),
        ArrowTypeId.Float => Buffer([.. values.Select(static v => (float)v)]),
        ArrowTypeId.Double => Buffer(values),
        ArrowTypeId.Int8 => Buffer([.. values.Select(static v => (sbyte)v)]),
        ArrowTypeId.Int32 => Buffer([.. values.Select(static v => (int)v)]),
        ArrowTypeId.Int64 => Buffer([.. values.Select(static v => (long)v)]),
        _ => throw new ArgumentException(type.Name),
    }]);

    public static ArrayData Texts(string[] texts)
    {
        var builder = new StringArray.Builder();
        foreach (string text in texts)
            builder.Append(text);
        return builder.Build().Data;
    }

    private static ArrowBuffer Buffer<T>(T[] values)
        where T : struct => new(MemoryMarshal.AsBytes<T>(values).ToArray());
}
