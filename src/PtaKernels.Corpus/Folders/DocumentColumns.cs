using Apache.Arrow;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Folders;

/// <summary>The columns of the official step 2 by name, their types, and how one row of them becomes a document.</summary>
internal sealed class DocumentColumns
{
    public const string Ids = "input_ids", Logits = "per_step_logits", Indices = "per_step_indices", LogSumExp = "per_step_lse";
    public const string CrossEntropy = "per_step_metric_ce", MeanCrossEntropy = "metric_ce", Offsets = "byte_offsets", Text = "text";

    private static readonly (string Name, int Depth, bool Floats, bool Required)[] Expected =
    [
        (Ids, 1, false, true), (Logits, 2, true, true), (Indices, 2, false, true), (LogSumExp, 1, true, false),
        (CrossEntropy, 1, true, false), (MeanCrossEntropy, 0, true, false), (Offsets, 2, false, false),
    ];

    private delegate T[] LeafReader<T>(string name, IArrowArray leaf, int start, int count);

    private readonly string _file;
    private readonly ArrowBatch _batch;
    private readonly Dictionary<string, IArrowArray> _columns;

    /// <summary>The columns of a batch of a file whose schema was checked.</summary>
    public DocumentColumns(IColumnFile shard, ArrowBatch batch)
    {
        _file = shard.Path;
        _batch = batch;
        _columns = shard.Guard(() => shard.Schema.FieldsList.Select(static (f, i) => (f.Name, i)).ToDictionary(static c => c.Name, c => batch.Batch.Column(c.i), StringComparer.Ordinal));
        foreach ((string name, IArrowArray column) in _columns)
        {
            if (column.Length != batch.Batch.Length)
                throw new AlignmentDataException($"{_file}: damaged: column {name} has {column.Length} rows in a batch of {batch.Batch.Length}; copy or save the dataset again.");
        }
    }

    /// <summary>Whether a document is made from a column of that name.</summary>
    public static bool IsKnown(string name) => System.Array.Exists(Expected, e => e.Name == name);

    /// <summary>A column as it is stored.</summary>
    public IArrowArray this[string name] => _columns[name];

    /// <summary>Whether the batch has a column.</summary>
    public bool Has(string name) => _columns.ContainsKey(name);

    /// <summary>Keeps the mapping alive to this point; call it after the last look at an array's span.</summary>
    public void KeepAlive() => GC.KeepAlive(_batch);

    /// <summary>Checks that a shard has the columns, with types that can be read.</summary>
    /// <exception cref="AlignmentDataException">A column is missing or of another type.</exception>
    public static void Require(IColumnFile shard)
    {
        foreach ((string name, int depth, bool floats, bool required) in Expected)
        {
            string wanted = string.Concat(Enumerable.Repeat("list<", depth)) + (floats ? "float16, float32 or float64" : "int32 or int64") + new string('>', depth);
            if (!shard.Schema.FieldsLookup.Contains(name))
            {
                if (!required)
                    continue;
                throw new AlignmentDataException($"{shard.Path}: has no column {name} of {wanted}; each model's dataset needs {Ids}, {Logits} and {Indices}.");
            }

            IArrowType type = shard.Schema.GetFieldByName(name).DataType;
            if (!Fits(type, depth, floats))
                throw new AlignmentDataException($"{shard.Path}: column {name} is {ArrowLists.Describe(type)}, not {wanted}; save the dataset again with that type.");
        }
    }

    /// <summary>The document of a row of the batch.</summary>
    /// <exception cref="AlignmentDataException">The row is no document; the message says what is wrong with which column.</exception>
    public TokenizedDocument Document(int row, string id, string where)
    {
        try
        {
            int[] ids = Flat(Ids, row, int.MaxValue, ArrowLists.Integers);
            (int[] indices, int k) = Rows(Indices, row, ids.Length, ArrowLists.Integers);
            (double[] values, int valuesK) = Rows(Logits, row, ids.Length, ArrowLists.Numbers);
            if (k != valuesK)
                throw new InvalidDataException($"{Logits}: {valuesK} values per position, but {Indices} has {k}; both need the same k");
            if (ids.Length > 0 && k is < 1 or > TopKLogits.MaxK)
                throw new InvalidDataException($"{Logits}: {k} candidates per position; 1..{TopKLogits.MaxK} are possible");
            return new TokenizedDocument
            {
                Id = id,
                Ids = ids,
                Candidates = ids.Length == 0 ? new TopKLogits([], [], 1) : new TopKLogits(indices, values, k),
                LogSumExp = Trimmed(LogSumExp, row, ids.Length),
                LabelCrossEntropy = Trimmed(CrossEntropy, row, Math.Max(0, ids.Length - 1)),
                MeanCrossEntropy = Has(MeanCrossEntropy) && this[MeanCrossEntropy].IsValid(row) ? ArrowLists.Numbers(MeanCrossEntropy, this[MeanCrossEntropy], row, 1)[0] : null,
                Spans = Spans(row, ids.Length),
            };
        }
        catch (InvalidDataException e)
        {
            throw new AlignmentDataException($"{where}, column {e.Message}.", e);
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or InvalidOperationException)
        {
            throw new AlignmentDataException($"{where}: damaged ({e.Message.ReplaceLineEndings(" ")}); copy or save the dataset again.", e);
        }
        finally
        {
            KeepAlive();
        }
    }

    /// <summary>A document's own name, or null where there is no column of them or it is null.</summary>
    public string? NameOf(int row)
    {
        string? name = !Has(TextDocument.IdField) || this[TextDocument.IdField].IsNull(row) ? null : this[TextDocument.IdField] switch
        {
            StringArray a => a.GetString(row),
            LargeStringArray a => a.GetString(row),
            _ => null,
        };
        KeepAlive();
        return name;
    }

    /// <summary>A value outside the lists as text, or null where it is null.</summary>
    public string? ValueOf(string column, int row, string where)
    {
        IArrowArray values = Has(column) ? this[column] : throw new AlignmentDataException($"{where}: has no column {column}; the columns are {string.Join(", ", _columns.Keys)}.");
        string? text = values.IsNull(row) ? null : values switch
        {
            StringArray a => a.GetString(row),
            LargeStringArray a => a.GetString(row),
            BooleanArray a => a.GetValue(row) is true ? "True" : "False",
            Int8Array a => Invariant(a.GetValue(row)),
            Int16Array a => Invariant(a.GetValue(row)),
            Int32Array a => Invariant(a.GetValue(row)),
            Int64Array a => Invariant(a.GetValue(row)),
            UInt8Array a => Invariant(a.GetValue(row)),
            UInt16Array a => Invariant(a.GetValue(row)),
            UInt32Array a => Invariant(a.GetValue(row)),
            UInt64Array a => Invariant(a.GetValue(row)),
            HalfFloatArray a => Invariant(a.GetValue(row)),
            FloatArray a => Invariant(a.GetValue(row)),
            DoubleArray a => Invariant(a.GetValue(row)),
            _ => throw new AlignmentDataException($"{where}: column {column} is {ArrowLists.Describe(values.Data.DataType)}, which has no single value; name a column of strings or numbers."),
        };
        KeepAlive();
        return text;
    }

    private static string? Invariant(IFormattable? value) => value?.ToString(null, System.Globalization.CultureInfo.InvariantCulture);

    private static bool Fits(IArrowType type, int depth, bool floats) => depth > 0
        ? ArrowLists.ItemOf(type) is { } item && Fits(item, depth - 1, floats)
        : floats ? type is HalfFloatType or FloatType or DoubleType : type is Int32Type or Int64Type;

    private T[] Flat<T>(string name, int row, int length, LeafReader<T> read)
    {
        IArrowArray column = this[name];
        if (column.IsNull(row))
            throw new InvalidDataException($"{name}: null; remove the row or run the model again for it");
        (int start, int count) = ArrowLists.RangeOf(name, column, row);
        return read(name, ArrowLists.ItemsOf(column), start, Math.Min(count, length));
    }

    /// <summary>The leading values of an optional list column, or null when the column or its value is missing; what lies beyond the document is padding.</summary>
    private double[]? Trimmed(string name, int row, int length)
    {
        if (!Has(name) || this[name].IsNull(row))
            return null;
        double[] values = Flat(name, row, length, ArrowLists.Numbers);
        return values.Length == length ? values : throw new InvalidDataException($"{name}: {values.Length} values where the document needs {length}");
    }

    /// <summary>The leading rows of a list of lists as one array; rows beyond the document are padding.</summary>
    private (T[] Values, int K) Rows<T>(string name, int row, int length, LeafReader<T> read)
    {
        IArrowArray column = this[name];
        if (column.IsNull(row))
            throw new InvalidDataException($"{name}: null; remove the row or run the model again for it");
        (int start, int count) = ArrowLists.RangeOf(name, column, row);
        if (count < length)
            throw new InvalidDataException($"{name}: {count} positions for {length} {Ids}; run the model again for this row");
        if (length == 0)
            return ([], 0);
        IArrowArray positions = ArrowLists.ItemsOf(column);
        (int first, int k) = ArrowLists.RangeOf(name, positions, start);
        for (int t = 0; t < length; t++)
        {
            if (positions.IsNull(start + t))
                throw new InvalidDataException($"{name}: null at position {t}");
            (int at, int width) = ArrowLists.RangeOf(name, positions, start + t);
            if (width != k)
                throw new InvalidDataException($"{name}: {width} values at position {t}, {k} at position 0; every position needs the same k");
            if (at != first + ((long)t * k))
                throw new InvalidDataException($"{name}: its list offsets are damaged; copy or save the dataset again");
        }

        return (read(name, ArrowLists.ItemsOf(positions), first, checked(length * k)), k);
    }

    private (int Start, int End)[]? Spans(int row, int length)
    {
        if (!Has(Offsets) || this[Offsets].IsNull(row))
            return null;
        (int[] flat, int width) = Rows(Offsets, row, length, ArrowLists.Integers);
        if (length > 0 && width != 2)
            throw new InvalidDataException($"{Offsets}: {width} numbers per position; each is [start, end]");
        return [.. Enumerable.Range(0, length).Select(t => (flat[2 * t], flat[(2 * t) + 1]))];
    }
}
