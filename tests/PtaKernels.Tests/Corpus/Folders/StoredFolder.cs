using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>Reads a dataset folder whole, with the Arrow library's stream reader and nothing of ours, into text that shows every bit.</summary>
internal sealed class StoredFolder
{
    private StoredFolder(string folder)
    {
        using JsonDocument state = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "state.json")));
        Files = [.. state.RootElement.GetProperty("_data_files").EnumerateArray().Select(static f => f.GetProperty("filename").GetString()!)];
        foreach (string file in Files)
        {
            using var reader = new ArrowStreamReader(File.OpenRead(Path.Combine(folder, file)));
            Schema = reader.Schema;
            while (reader.ReadNextRecordBatch() is { } batch)
            {
                BatchRows.Add(batch.Length);
                for (int row = 0; row < batch.Length; row++)
                    Rows.Add(batch.Schema.FieldsList.Select((f, i) => (f.Name, Show(batch.Column(i), row))).ToDictionary(static c => c.Name, static c => c.Item2));
            }
        }

        Info = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "dataset_info.json"))).RootElement;
        State = state.RootElement.Clone();
    }

    public string[] Files { get; }

    public Schema Schema { get; } = null!;

    public List<int> BatchRows { get; } = [];

    /// <summary>[row][column] as text.</summary>
    public List<Dictionary<string, string>> Rows { get; } = [];

    public JsonElement Info { get; }

    public JsonElement State { get; }

    public static StoredFolder Read(params string[] path) => new(Path.Combine(path));

    /// <summary>A value: floats by their bits, lists in brackets.</summary>
    public static string Show(IArrowArray array, int row) => array.IsNull(row) ? "null" : array switch
    {
        HalfFloatArray a => $"h{BitConverter.HalfToUInt16Bits(a.GetValue(row)!.Value):X4}",
        FloatArray a => $"f{BitConverter.SingleToUInt32Bits(a.GetValue(row)!.Value):X8}",
        DoubleArray a => $"d{BitConverter.DoubleToUInt64Bits(a.GetValue(row)!.Value):X16}",
        Int8Array a => $"{a.GetValue(row)}",
        Int32Array a => $"{a.GetValue(row)}",
        Int64Array a => $"{a.GetValue(row)}",
        StringArray a => JsonSerializer.Serialize(a.GetString(row)),
        ListArray a => ShowList(a.Values, a.ValueOffsets[row], a.ValueOffsets[row + 1]),
        LargeListArray a => ShowList(a.Values, (int)a.ValueOffsets[row], (int)a.ValueOffsets[row + 1]),
        FixedSizeListArray a => ShowList(a.Values, row * ((Apache.Arrow.Types.FixedSizeListType)a.Data.DataType).ListSize, (row + 1) * ((Apache.Arrow.Types.FixedSizeListType)a.Data.DataType).ListSize),
        _ => throw new ArgumentException(array.GetType().Name),
    };

    private static string ShowList(IArrowArray items, int start, int end) => "[" + string.Join(",", Enumerable.Range(start, end - start).Select(i => Show(items, i))) + "]";
}
