using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Export;

/// <summary>The columns of the official step 2 for a corpus: those of its documents by their own types, the other columns of its input as they are.</summary>
internal static class ExportColumns
{
    public const string Mask = "attention_mask", Labels = "labels";

    /// <summary>Columns made from documents, in the order of the official step 2.</summary>
    private static readonly string[] Order =
    [
        TextDocument.IdField, DocumentColumns.Ids, Mask, Labels, DocumentColumns.Logits, DocumentColumns.Indices, DocumentColumns.MeanCrossEntropy,
        DocumentColumns.CrossEntropy, DocumentColumns.LogSumExp, DocumentColumns.Offsets,
    ];

    /// <summary>The columns of a split whose input has columns: the same ones in the same order, and those that are missing.</summary>
    /// <exception cref="AlignmentDataException">A column cannot be copied.</exception>
    public static OutputColumn[] Of(IColumnSplit input, ExportValues values)
    {
        List<OutputColumn> columns = [.. input.Columns.Select(field => IsMade(field) ? Made(field.Name, field.DataType, values) : Copied(field, input))];
        foreach (string name in new[] { Mask, Labels })
        {
            if (!columns.Exists(c => c.Field.Name == name))
                columns.Insert(1 + columns.FindIndex(c => c.Field.Name == (name == Labels ? Mask : DocumentColumns.Ids)), Made(name, null, values));
        }

        return [.. columns];
    }

    /// <summary>The columns of a split of which only the documents are known.</summary>
    /// <param name="present">Names of the optional columns that some document has.</param>
    /// <param name="values">Type of the values.</param>
    /// <param name="typeOf">The type that a column of numbers has in the input, where it has one.</param>
    public static OutputColumn[] Of(IReadOnlySet<string> present, ExportValues values, Func<string, IArrowType?>? typeOf = null) =>
        [.. Order.Where(n => n is DocumentColumns.Ids or Mask or Labels or DocumentColumns.Logits or DocumentColumns.Indices || present.Contains(n)).Select(n => Made(n, typeOf?.Invoke(n), values))];

    /// <summary>Names of the optional columns that a document has.</summary>
    public static IEnumerable<string> PresentIn(TokenizedDocument document, IDocumentRecord record)
    {
        if (document.Id != record.DefaultId)
            yield return TextDocument.IdField;
        if (document.MeanCrossEntropy is not null)
            yield return DocumentColumns.MeanCrossEntropy;
        if (document.LabelCrossEntropy is not null)
            yield return DocumentColumns.CrossEntropy;
        if (document.LogSumExp is not null)
            yield return DocumentColumns.LogSumExp;
        if (document.Spans is not null)
            yield return DocumentColumns.Offsets;
    }

    /// <summary>Whether a column is made from the document; the mask and the labels of an input that has them are copied.</summary>
    public static bool IsMade(Field field) => field.Name is not (Mask or Labels)
        && (field.Name == TextDocument.IdField ? field.DataType is StringType or LargeStringType : Order.Contains(field.Name));

    private static CopiedColumn Copied(Field field, IColumnSplit input)
    {
        try
        {
            return new CopiedColumn(field);
        }
        catch (NotSupportedException)
        {
            throw new AlignmentDataException($"{input.FirstFile}: column {field.Name} is {ArrowLists.Describe(field.DataType)}, which cannot be copied to the output; remove the column.");
        }
    }

    private static OutputColumn Made(string name, IArrowType? given, ExportValues values) => name switch
    {
        TextDocument.IdField => new NameColumn(),
        DocumentColumns.Ids => new ListColumn<int>(name, Int32Type.Default, 1, static (ListColumn<int> column, in OutputRow row) => column.Add(row.Target.Ids)),
        Mask => new ListColumn<sbyte>(name, Int8Type.Default, 1, static (ListColumn<sbyte> column, in OutputRow row) =>
        {
            for (int t = 0; t < row.Target.Length; t++)
                column.Add([1]);
        }),
        Labels => new ListColumn<long>(name, Int64Type.Default, 1, static (ListColumn<long> column, in OutputRow row) =>
        {
            foreach (int id in row.Target.Ids)
                column.Add([id]);
        }),
        DocumentColumns.Logits => ValuesOf(given, values),
        DocumentColumns.Indices => new ListColumn<long>(name, Int64Type.Default, 2, static (ListColumn<long> column, in OutputRow row) =>
        {
            for (int t = 0; t < row.Target.Length; t++)
            {
                foreach (int token in row.Target.Candidates.IndicesOf(t))
                    column.Add([token]);
                column.EndPosition();
            }
        }),
        DocumentColumns.MeanCrossEntropy => new MeanColumn(name, given ?? DoubleType.Default),
        DocumentColumns.CrossEntropy => new NumbersColumn(name, LeafOf(given), static d => d.LabelCrossEntropy),
        DocumentColumns.LogSumExp => new NumbersColumn(name, LeafOf(given), static d => d.LogSumExp),
        _ => new SpansColumn(name),
    };

    private static IArrowType LeafOf(IArrowType? list) => list is null ? DoubleType.Default : ArrowLists.ItemOf(list)!;

    private static ListColumn<byte> ValuesOf(IArrowType? given, ExportValues values)
    {
        IArrowType leaf = values switch
        {
            ExportValues.Float32 => FloatType.Default,
            ExportValues.Float64 => DoubleType.Default,
            ExportValues.Auto when given is not null => LeafOf(ArrowLists.ItemOf(given)),
            _ => HalfFloatType.Default,
        };
        var numbers = new PackedNumbers(leaf, exact: values == ExportValues.Auto);
        return new ListColumn<byte>(DocumentColumns.Logits, leaf, 2, (ListColumn<byte> column, in OutputRow row) =>
        {
            for (int t = 0; t < row.Target.Length; t++)
            {
                column.Add(numbers.Of(DocumentColumns.Logits, row.Target.Candidates.ValuesOf(t)));
                column.EndPosition();
            }
        });
    }
}

/// <summary>Numbers in the bytes of a narrower type.</summary>
/// <param name="leaf">float16, float32 or float64.</param>
/// <param name="exact">Whether a number that the type does not hold is refused, instead of the nearest one taken.</param>
internal sealed class PackedNumbers(IArrowType leaf, bool exact)
{
    private byte[] _bytes = [];

    /// <summary>The bytes, valid until the next call.</summary>
    /// <exception cref="InvalidDataException">A number does not fit.</exception>
    public ReadOnlySpan<byte> Of(string name, ReadOnlySpan<double> values)
    {
        int width = ((FixedWidthType)leaf).BitWidth / 8;
        if (_bytes.Length < values.Length * width)
            _bytes = new byte[values.Length * width];
        Span<byte> bytes = _bytes.AsSpan(0, values.Length * width);
        if (leaf is DoubleType)
        {
            MemoryMarshal.AsBytes(values).CopyTo(bytes);
            return bytes;
        }

        for (int i = 0; i < values.Length; i++)
        {
            double stored;
            if (leaf is HalfFloatType)
                stored = (double)(MemoryMarshal.Cast<byte, Half>(bytes)[i] = (Half)values[i]);
            else
                stored = MemoryMarshal.Cast<byte, float>(bytes)[i] = (float)values[i];
            if (stored != values[i] && !double.IsNaN(values[i]) && (exact || double.IsInfinity(stored)))
                throw new InvalidDataException(FormattableString.Invariant($"{name}: {values[i]} is no {ArrowLists.Describe(leaf)}; export with --values {(leaf is HalfFloatType ? "float32" : "float64")}, which takes twice the room"));
        }

        return bytes;
    }
}
