using System.Text.Json;
using Apache.Arrow;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parquet;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Training;

/// <summary>Aligned documents as <c>pta align</c> writes them: JSON lines, a dataset folder, Parquet or a store.</summary>
internal abstract class AlignedInput
{
    public const string FusedIds = "fused_indices", FusedMasses = "fused_probs", FusedMissing = "fused_missing";

    /// <summary>Parts that are packed each for itself; one without a name where there are none.</summary>
    public abstract IReadOnlyList<string> Splits { get; }

    /// <summary>Whether the splits are folders of a DatasetDict.</summary>
    public abstract bool IsDict { get; }

    /// <summary>Tells the documents from others without reading all of them.</summary>
    public abstract string Identity { get; }

    /// <summary>Documents of a split; of JSON lines only counting tells.</summary>
    public abstract long CountOf(string split);

    /// <summary>The documents of a split, in order, from one of them on.</summary>
    public abstract IEnumerable<AlignedRecord> Read(string split, long first = 0);

    /// <summary>Opens a path.</summary>
    /// <exception cref="AlignmentDataException">There is nothing readable there.</exception>
    public static AlignedInput Open(string path) => DocumentFiles.Open(path) switch
    {
        DatasetFolder folder => new FolderInput(folder),
        ParquetDocuments file => new ParquetInput(file),
        StoreReader store => new StoreInput(store),
        _ => new LineInput(path),
    };

    private sealed class FolderInput(DatasetFolder folder) : AlignedInput
    {
        public override IReadOnlyList<string> Splits => folder.Splits;

        public override bool IsDict => folder.IsDict;

        public override string Identity => folder.Identity;

        public override long CountOf(string split) => folder.CountOf(split)!.Value;

        public override IEnumerable<AlignedRecord> Read(string split, long first = 0) => folder.Read(split, first).Select(static r => new FolderDocument((FolderRecord)r));
    }

    private sealed class ParquetInput(ParquetDocuments file) : AlignedInput
    {
        public override IReadOnlyList<string> Splits { get; } = ["train"];

        public override bool IsDict => false;

        public override string Identity => file.Identity;

        public override long CountOf(string split) => file.CountOf(file.Splits[0])!.Value;

        public override IEnumerable<AlignedRecord> Read(string split, long first = 0) => file.Read(file.Splits[0], first).Select(static r => new FolderDocument((FolderRecord)r));
    }

    private sealed class LineInput(string path) : AlignedInput
    {
        public override IReadOnlyList<string> Splits { get; } = ["train"];

        public override bool IsDict => false;

        public override string Identity => InputIdentity.OfFile(path);

        public override long CountOf(string split) => JsonLines.ReadLines(path).LongCount();

        public override IEnumerable<AlignedRecord> Read(string split, long first = 0) => Ranges.Of(JsonLines.ReadLines(path), first, long.MaxValue).Select(line => new LineDocument(path, line));
    }

    private sealed class FolderDocument(FolderRecord record) : AlignedRecord(record.Where, record.Share)
    {
        public override string Id => Guard(TextDocument.IdField, () => record.Id);

        public override IEnumerable<string> Names => record.Shard.Schema.FieldsList.Select(static f => f.Name);

        public override int[] Integers(string name) => Guard(name, () => Flat(record.Columns[name], record.BatchRow, name, ArrowLists.Integers));

        public override double[] Numbers(string name) => Guard(name, () => Flat(record.Columns[name], record.BatchRow, name, ArrowLists.Numbers));

        public override double Number(string name) => Guard(name, () => ArrowLists.Numbers(name, record.Columns[name], record.BatchRow, 1)[0]);

        public override int[][] IntegerLists(string name) => Guard(name, () => Lists(name, ArrowLists.Integers));

        public override double[][] NumberLists(string name) => Guard(name, () => Lists(name, ArrowLists.Numbers));

        private delegate T[] Leaf<T>(string name, IArrowArray leaf, int start, int count);

        private T Guard<T>(string name, Func<T> read)
        {
            try
            {
                return record.Shard.Guard(read, () => $"{Where}, column {name}");
            }
            finally
            {
                record.Columns.KeepAlive();
            }
        }

        private static T[] Flat<T>(IArrowArray lists, int row, string name, Leaf<T> read)
        {
            if (lists.IsNull(row))
                throw new InvalidDataException($"{name} is null");
            (int start, int count) = ArrowLists.RangeOf(name, lists, row);
            return read(name, ArrowLists.ItemsOf(lists), start, count);
        }

        private T[][] Lists<T>(string name, Leaf<T> read)
        {
            IArrowArray rows = record.Columns[name], positions = ArrowLists.ItemsOf(rows);
            (int start, int count) = ArrowLists.RangeOf(name, rows, record.BatchRow);
            return [.. Enumerable.Range(start, count).Select(t => Flat(positions, t, name, read))];
        }
    }

    private sealed class LineDocument(string path, NumberedLine line) : AlignedRecord($"{path}, line {line.Number}", line.Share)
    {
        private JsonElement? _root;

        public override string Id => Root.TryGetProperty("id", out JsonElement id) ? id.ToString() : $"line {line.Number}";

        public override IEnumerable<string> Names => Root.EnumerateObject().Select(static p => p.Name);

        /// <summary>Parsed by whoever looks first, which is one thread.</summary>
        private JsonElement Root => _root ??= Parse();

        public override int[] Integers(string name) => Guard(name, static v => Each(v, static e => e.GetInt32()));

        public override double[] Numbers(string name) => Guard(name, static v => Each(v, NumberOf));

        public override double Number(string name) => Guard(name, NumberOf);

        public override int[][] IntegerLists(string name) => Guard(name, static v => Each(v, static row => Each(row, static e => e.GetInt32())));

        public override double[][] NumberLists(string name) => Guard(name, static v => Each(v, static row => Each(row, NumberOf)));

        private static T[] Each<T>(JsonElement array, Func<JsonElement, T> read) => [.. array.EnumerateArray().Select(read)];

        private static double NumberOf(JsonElement value) => value.ValueKind != JsonValueKind.String ? value.GetDouble() : value.GetString() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => throw new FormatException(),
        };

        private JsonElement Parse()
        {
            try
            {
                JsonElement root = JsonElement.Parse(PythonJson.Quote(line.Text));
                return root.ValueKind == JsonValueKind.Object ? root : throw new AlignmentDataException($"{Where}: is not a JSON object.");
            }
            catch (JsonException e)
            {
                throw new AlignmentDataException($"{Where}: not whole JSON (byte {e.BytePositionInLine}); the file may be cut off, make it again.", e);
            }
        }

        private T Guard<T>(string name, Func<JsonElement, T> read)
        {
            try
            {
                return read(Root.GetProperty(name));
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or KeyNotFoundException)
            {
                throw new AlignmentDataException($"{Where}: field {name} is missing or holds something else than expected; align the documents again.", e);
            }
        }
    }
}

/// <summary>An aligned document, not yet read; one thread reads it, while others read others.</summary>
/// <param name="where">Its place, for messages.</param>
/// <param name="share">About how much of the input is read with it.</param>
internal abstract class AlignedRecord(string where, double share)
{
    /// <summary>Its name.</summary>
    public abstract string Id { get; }

    public string Where => where;

    public double Share => share;

    /// <summary>Its columns, in order.</summary>
    public abstract IEnumerable<string> Names { get; }

    /// <summary>The document with fused rows.</summary>
    /// <exception cref="AlignmentDataException">It has none, or they are damaged.</exception>
    public AlignedTokens Fused()
    {
        string[] names = [.. Names];
        if (!names.Contains(AlignedInput.FusedIds) || !names.Contains(AlignedInput.FusedMasses))
            throw new AlignmentDataException($"{where}: has no {AlignedInput.FusedIds} and {AlignedInput.FusedMasses}; align the documents with preset paper or fusion, or pack with --preset reference what preset reference aligned.");
        return AlignedTokens.Of(
            Id, where, Integers(OfficialColumns.Ids), IntegerLists(AlignedInput.FusedIds), NumberLists(AlignedInput.FusedMasses), names.Contains(AlignedInput.FusedMissing) ? Numbers(AlignedInput.FusedMissing) : null);
    }

    /// <summary>The document in the official columns; labels are the tokens where there are none.</summary>
    /// <exception cref="AlignmentDataException">It has none, or they are damaged.</exception>
    public OfficialRow Official()
    {
        var row = new OfficialRow();
        string[] names = [.. Names.Where(static n => OfficialColumns.KindOf(n) is not null)];
        foreach (string needed in new[] { OfficialColumns.Ids, OfficialColumns.BaseIds, OfficialColumns.BaseValues, OfficialColumns.Metric, OfficialColumns.AlignedIds(0), OfficialColumns.AlignedValues(0), OfficialColumns.AlignedMetric(0) })
        {
            if (!names.Contains(needed))
                throw new AlignmentDataException($"{where}: has no {needed}; align the documents with --preset reference, from models' outputs that have metric_ce.");
        }

        foreach (string name in names)
        {
            row.Add(name, OfficialColumns.KindOf(name) switch
            {
                OfficialKind.Integers => Integers(name),
                OfficialKind.TokenLists => IntegerLists(name),
                OfficialKind.ValueLists => NumberLists(name),
                _ => Number(name),
            });
            if (name == OfficialColumns.Ids && !names.Contains(OfficialColumns.Labels))
                row.Add(OfficialColumns.Labels, row.Integers(name));
        }

        if (row.Length == 0)
            throw new AlignmentDataException($"{where}: an empty document; remove it.");
        foreach (string name in row.Names)
        {
            if (row[name] is System.Array list && list.Length != row.Length)
                throw new AlignmentDataException($"{where}: {list.Length} values of {name} for {row.Length} input_ids; align the documents again.");
        }

        return row;
    }

    /// <summary>A list of integers.</summary>
    public abstract int[] Integers(string name);

    /// <summary>A list of numbers.</summary>
    public abstract double[] Numbers(string name);

    /// <summary>A number.</summary>
    public abstract double Number(string name);

    /// <summary>A list of lists of integers.</summary>
    public abstract int[][] IntegerLists(string name);

    /// <summary>A list of lists of numbers.</summary>
    public abstract double[][] NumberLists(string name);
}
