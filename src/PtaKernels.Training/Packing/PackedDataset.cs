using System.Text.Json;
using Apache.Arrow;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Training;

/// <summary>Packed sequences by number, out of mapped files: what the trainer reads.</summary>
/// <remarks>Opening reads the frames of the files; a sequence is read when it is asked for. Several threads may ask at once.</remarks>
public sealed class PackedDataset
{
    private readonly List<Batch> _batches = [];
    private readonly int[] _ends;
    private readonly OfficialFusion _fusion;
    private readonly string _split;

    private PackedDataset(string folder, string split, OfficialFusion fusion)
    {
        (_split, _fusion) = (split, fusion);
        string state = Path.Combine(folder, DatasetFolder.StateFile);
        if (!File.Exists(state))
            throw new AlignmentDataException($"{folder}: is no packed dataset: it has no {DatasetFolder.StateFile}; make it with pta pack.");
        using JsonDocument json = DatasetJson.Read(state);
        long count = 0;
        var ends = new List<int>();
        foreach (string file in DatasetJson.FileNames(state, json.RootElement))
        {
            var shard = new ArrowShard(Path.Combine(folder, file));
            Official = Require(shard);
            foreach (ArrowBatch batch in shard.ReadBatches())
            {
                _batches.Add(new Batch(shard, batch, shard.Schema.FieldsList.Select((f, i) => (f.Name, Column: shard.Guard(() => batch.Batch.Column(i)))).ToDictionary(static c => c.Name, static c => c.Column, StringComparer.Ordinal)));
                count += batch.Batch.Length;
                ends.Add(checked((int)count));
            }
        }

        _ends = [.. ends];
        string content = json.RootElement.TryGetProperty("_fingerprint", out JsonElement given) ? given.ToString() : "unknown content";
        Fingerprint = FormattableString.Invariant($"{count} sequences, {content}");
        if (count == 0)
            throw new AlignmentDataException($"{folder}: holds no sequences; pack the documents again.");
    }

    /// <summary>Number of sequences.</summary>
    public int Count => _ends[^1];

    /// <summary>Equal where two datasets hold the same sequences: their number, and the writer's fingerprint of all values.</summary>
    public string Fingerprint { get; }

    /// <summary>Whether these are official blocks, whose documents see each other.</summary>
    public bool Official { get; }

    /// <summary>Opens a folder that <c>pta pack</c> wrote.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="split">Which of its splits; null: the only one, or <c>train</c>.</param>
    /// <param name="fusion">How the models' rows of official blocks become one; null: as the official code does by default.</param>
    /// <exception cref="AlignmentDataException">The folder is no packed dataset, or a file is missing, cut off or damaged.</exception>
    public static PackedDataset Open(string path, string? split = null, OfficialFusion? fusion = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string dict = Path.Combine(path, DatasetFolder.DictFile);
        if (!Directory.Exists(path))
            throw new AlignmentDataException($"{path}: no such folder; make it with pta pack.");
        if (!File.Exists(dict))
        {
            return split is null or "train"
                ? new PackedDataset(path, "train", fusion ?? new OfficialFusion())
                : throw new AlignmentDataException($"{path}: has no splits, so none is named {split}.");
        }

        using JsonDocument json = DatasetJson.Read(dict);
        string[] splits = DatasetJson.Strings(dict, json.RootElement, "splits");
        split ??= splits.Length == 1 ? splits[0] : "train";
        if (!splits.Contains(split))
            throw new AlignmentDataException($"{path}: has no split {split}, only {string.Join(", ", splits)}.");
        return new PackedDataset(Path.Combine(path, split), split, fusion ?? new OfficialFusion());
    }

    /// <summary>A sequence.</summary>
    /// <exception cref="AlignmentDataException">Its file is damaged.</exception>
    public PackedSequence this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            int at = System.Array.BinarySearch(_ends, index + 1);
            Batch batch = _batches[at < 0 ? ~at : at];
            int row = index - (_ends[at < 0 ? ~at : at] - batch.Rows.Batch.Length);
            PackedSequence sequence = batch.Shard.Guard(() => Official ? Block(batch, row, index) : Sequence(batch, row), () => $"{batch.Shard.Path}, sequence {index}");
            GC.KeepAlive(batch.Rows.Mapping);
            return sequence;
        }
    }

    private static PackedSequence Sequence(Batch batch, int row)
    {
        int[] ids = batch.Integers(PackedColumns.Ids, row), labels = batch.Integers(PackedColumns.Labels, row), segments = batch.Integers(PackedColumns.Segments, row);
        (int[] offsets, IArrowArray tokens, int first, int count) = batch.Positions(AlignedInput.FusedIds, row);
        (int[] same, IArrowArray masses, int firstMass, _) = batch.Positions(AlignedInput.FusedMasses, row);
        (IArrowArray missing, int firstMissing, int missingCount) = batch.List(AlignedInput.FusedMissing, row);
        (IArrowArray names, int firstName, int nameCount) = batch.List(PackedColumns.Documents, row);
        if (labels.Length != ids.Length || segments.Length != ids.Length || missingCount != ids.Length || !offsets.AsSpan().SequenceEqual(same) || offsets.Length != ids.Length + 1)
            throw new InvalidDataException("its columns do not fit each other");
        if (segments.Length == 0 || segments[0] != 0 || segments[^1] != nameCount - 1)
            throw new InvalidDataException("its documents do not fit its segments");
        var learned = new FusionRows
        {
            Labels = labels,
            Offsets = offsets,
            Ids = ArrowLists.Integers(AlignedInput.FusedIds, tokens, first, count),
            Masses = ((FloatArray)masses).Values.Slice(firstMass, count).ToArray(),
            Missing = ((FloatArray)missing).Values.Slice(firstMissing, missingCount).ToArray(),
        };
        return new PackedSequence(ids, segments, [.. Enumerable.Range(firstName, nameCount).Select(n => ((StringArray)names).GetString(n))], learned, PackedRewards.Of(learned));
    }

    private PackedSequence Block(Batch batch, int row, int index)
    {
        var block = new OfficialRow();
        foreach ((string name, IArrowArray column) in batch.Columns)
        {
            if (OfficialColumns.KindOf(name) is not { } kind)
                continue;
            block.Add(name, kind switch
            {
                OfficialKind.Integers => batch.Integers(name, row),
                OfficialKind.TokenLists => batch.Lists(name, row, ArrowLists.Integers),
                OfficialKind.ValueLists => batch.Lists(name, row, ArrowLists.Numbers),
                _ => ArrowLists.Numbers(name, column, row, 1)[0],
            });
        }

        int[] ids = block.Integers(OfficialColumns.Ids);
        (FusionRows rows, double reward) = OfficialTargets.Of(ids, block.Models(), _fusion);
        return new PackedSequence(ids, new int[ids.Length], [FormattableString.Invariant($"{_split} block {index}")], rows, reward);
    }

    /// <summary>Checks a file's columns.</summary>
    /// <returns>Whether they are the official ones.</returns>
    private static bool Require(ArrowShard shard)
    {
        ILookup<string, Field> fields = shard.Schema.FieldsLookup;
        if (fields.Contains(OfficialColumns.AlignedIds(0)) && fields.Contains(OfficialColumns.BaseIds))
            return true;
        foreach ((string name, Apache.Arrow.Types.IArrowType? leaf, int depth) in PackedColumns.Schema)
        {
            Apache.Arrow.Types.IArrowType? type = fields.Contains(name) ? shard.Schema.GetFieldByName(name).DataType : null;
            for (int d = 0; d < depth && type is not null; d++)
                type = ArrowLists.ItemOf(type);
            if (type is null || type.TypeId != (leaf?.TypeId ?? Apache.Arrow.Types.ArrowTypeId.String))
                throw new AlignmentDataException($"{shard.Path}: has no column {name} as pta pack writes it; name a packed dataset.");
        }

        return false;
    }

    private delegate T[] Leaf<T>(string name, IArrowArray leaf, int start, int count);

    private sealed record Batch(ArrowShard Shard, ArrowBatch Rows, Dictionary<string, IArrowArray> Columns)
    {
        public (IArrowArray Items, int Start, int Count) List(string name, int row)
        {
            (int start, int count) = ArrowLists.RangeOf(name, Columns[name], row);
            return (ArrowLists.ItemsOf(Columns[name]), start, count);
        }

        public int[] Integers(string name, int row)
        {
            (IArrowArray items, int start, int count) = List(name, row);
            return ArrowLists.Integers(name, items, start, count);
        }

        /// <summary>Where each position's items lie, counted from the row's first, and the items of the whole row.</summary>
        public (int[] Offsets, IArrowArray Items, int First, int Count) Positions(string name, int row)
        {
            (IArrowArray positions, int start, int count) = List(name, row);
            int[] offsets = new int[count + 1];
            int first = 0;
            for (int t = 0; t < count; t++)
            {
                (int at, int width) = ArrowLists.RangeOf(name, positions, start + t);
                if (t == 0)
                    first = at;
                if (at != first + offsets[t])
                    throw new InvalidDataException($"{name}: its list offsets are damaged");
                offsets[t + 1] = offsets[t] + width;
            }

            return (offsets, ArrowLists.ItemsOf(positions), first, offsets[^1]);
        }

        public T[][] Lists<T>(string name, int row, Leaf<T> read)
        {
            (int[] offsets, IArrowArray items, int first, _) = Positions(name, row);
            T[][] lists = new T[offsets.Length - 1][];
            for (int t = 0; t < lists.Length; t++)
                lists[t] = read(name, items, first + offsets[t], offsets[t + 1] - offsets[t]);
            return lists;
        }
    }
}
