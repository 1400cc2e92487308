using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Training;

/// <summary>Writes packed sequences or official blocks as one Dataset folder; the same ones give the same bytes.</summary>
/// <remarks>
/// Sequences have the columns of <see cref="PackedColumns"/>. Blocks have the official columns: 32-bit <c>input_ids</c>, 8-bit <c>attention_mask</c>, 64-bit <c>labels</c>, lists of 32-bit tokens and of float64 values.
/// </remarks>
internal sealed class PackedWriter : IDisposable
{
    /// <summary>Rows and bytes of a record batch: what a reader maps in one piece.</summary>
    private const int MaxRows = 1000;
    private const long MaxBytes = 32_000_000;

    private readonly string _folder;
    private readonly string _split;
    private readonly long _maxShard;
    private List<Column>? _columns;
    private byte[] _features = [];
    private ShardFiles? _shards;
    private int _rows;

    /// <summary>Starts a Dataset in a folder.</summary>
    public PackedWriter(string folder, string split, long maxShard = ShardFiles.MaxShard)
    {
        (_folder, _split, _maxShard) = (folder, split, maxShard);
        Directory.CreateDirectory(folder);
    }

    /// <summary>Sequences or blocks written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes a sequence.</summary>
    public void Write(PackedSequence sequence)
    {
        if (_columns is null)
            Begin(PackedColumns.Schema.Select(static c => c.Leaf is null ? new Column(c.Name) : new Column(c.Name, c.Leaf, c.Depth)));
        FusionRows rows = sequence.Rows;
        _columns![0].Add(sequence.Ids);
        _columns[1].Add(rows.Labels);
        _columns[2].Add(sequence.Segments);
        _columns[3].Add(sequence.Documents);
        for (int t = 0; t < rows.Count; t++)
        {
            int from = rows.Offsets[t], count = rows.Offsets[t + 1] - from;
            _columns[4].AddPosition(rows.Ids.AsSpan(from, count));
            _columns[5].AddPosition(rows.Masses.AsSpan(from, count));
        }

        _columns[6].Add(rows.Missing);
        EndRow();
    }

    /// <summary>Writes a block.</summary>
    public void Write(OfficialRow block)
    {
        if (_columns is null)
        {
            Begin(block.Names.Select(static name => OfficialColumns.KindOf(name) switch
            {
                OfficialKind.Integers => new Column(name, name == OfficialColumns.Ids ? Int32Type.Default : name == OfficialColumns.Labels ? Int64Type.Default : Int8Type.Default, 1),
                OfficialKind.TokenLists => new Column(name, Int32Type.Default, 2),
                OfficialKind.ValueLists => new Column(name, DoubleType.Default, 2),
                _ => new Column(name, DoubleType.Default, 0),
            }));
        }

        foreach (Column column in _columns!)
        {
            switch (block[column.Field.Name])
            {
                case int[] integers when column.Leaf is Int64Type:
                    column.Add(System.Array.ConvertAll(integers, static v => (long)v));
                    break;
                case int[] integers when column.Leaf is Int8Type:
                    column.Add(System.Array.ConvertAll(integers, static v => (sbyte)v));
                    break;
                case int[] integers:
                    column.Add(integers);
                    break;
                case int[][] lists:
                    foreach (int[] list in lists)
                        column.AddPosition<int>(list);
                    break;
                case double[][] lists:
                    foreach (double[] list in lists)
                        column.AddPosition<double>(list);
                    break;
                default:
                    column.Add([block.Metric(column.Field.Name)]);
                    break;
            }
        }

        EndRow();
    }

    /// <summary>Completes the Dataset.</summary>
    public void Finish()
    {
        EndBatch();
        (string[] files, string fingerprint) = _shards!.Finish();
        DatasetFiles.WriteDataset(_folder, _split, files, fingerprint, _features);
    }

    /// <inheritdoc/>
    public void Dispose() => _shards?.Dispose();

    private void Begin(IEnumerable<Column> columns)
    {
        _columns = [.. columns];
        _features = Features.Of(_columns.Select(static c => c.Field), _folder, static _ => null);
        _shards = new ShardFiles(_folder, DatasetFiles.SchemaOf(_columns.Select(static c => c.Field), _features), _maxShard);
    }

    private void EndRow()
    {
        foreach (Column column in _columns!)
            column.EndRow();
        Count++;
        if (++_rows == MaxRows || _columns.Sum(static c => c.Bytes) >= MaxBytes)
            EndBatch();
    }

    private void EndBatch()
    {
        if (_rows > 0)
            _shards!.Write([.. _columns!.Select(static c => c.Build())], _rows);
        foreach (Column column in _columns!)
            column.Clear();
        _rows = 0;
    }

    /// <summary>A column on its way out: bytes of lists of numbers, single numbers, or lists of texts.</summary>
    private sealed class Column
    {
        private readonly ListValues<byte>? _lists;
        private readonly int _depth;
        private readonly ListArray.Builder? _texts;
        private readonly GrowingBuffer _single = new();
        private int _singles;
        private long _textBytes;

        public Column(string name, IArrowType leaf, int depth)
        {
            (Leaf, _depth) = (leaf, depth);
            _lists = depth == 0 ? null : new ListValues<byte>(leaf, depth);
            Field = new Field(name, _lists?.Type ?? leaf, nullable: true);
        }

        public Column(string name)
        {
            _texts = new ListArray.Builder(StringType.Default);
            Field = new Field(name, new ListType(StringType.Default), nullable: true);
        }

        public Field Field { get; }

        public IArrowType? Leaf { get; }

        public long Bytes => (_lists?.Bytes ?? 0) + _single.Length + _textBytes;

        public void Add<T>(T[] values)
            where T : unmanaged
        {
            if (_lists is not null)
                _lists.Add(MemoryMarshal.AsBytes(values.AsSpan()));
            else
                _single.Add<T>(values);
        }

        public void Add(string[] texts)
        {
            _texts!.Append();
            foreach (string text in texts)
            {
                ((StringArray.Builder)_texts.ValueBuilder).Append(text);
                _textBytes += text.Length + 4;
            }
        }

        public void AddPosition<T>(ReadOnlySpan<T> values)
            where T : unmanaged
        {
            _lists!.Add(MemoryMarshal.AsBytes(values));
            _lists.EndPosition();
        }

        public void EndRow()
        {
            _lists?.EndRow();
            _singles += _depth == 0 && _lists is null && _texts is null ? 1 : 0;
        }

        public ArrayData Build() => _lists?.Build() ?? _texts?.Build().Data ?? new ArrayData(Leaf!, _singles, 0, 0, [ArrowBuffer.Empty, _single.View]);

        public void Clear()
        {
            _lists?.Clear();
            _texts?.Clear();
            _single.Clear();
            _singles = 0;
            _textBytes = 0;
        }
    }
}

/// <summary>Columns of packed sequences.</summary>
internal static class PackedColumns
{
    public const string Ids = "input_ids", Labels = "next_ids", Segments = "segments", Documents = "documents";

    /// <summary>Name, type of the numbers (null: texts), depth of the lists.</summary>
    public static readonly (string Name, IArrowType? Leaf, int Depth)[] Schema =
    [
        (Ids, Int32Type.Default, 1), (Labels, Int32Type.Default, 1), (Segments, Int32Type.Default, 1), (Documents, null, 1),
        (AlignedInput.FusedIds, Int32Type.Default, 2), (AlignedInput.FusedMasses, FloatType.Default, 2), (AlignedInput.FusedMissing, FloatType.Default, 1),
    ];
}
