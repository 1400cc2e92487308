using Apache.Arrow;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Folders;

/// <summary>The three ways Arrow stores lists, as one: which items of the child belong to a row.</summary>
internal static class ArrowLists
{
    /// <summary>The item type of a list type, or null when it is no list.</summary>
    public static IArrowType? ItemOf(IArrowType type) => type switch
    {
        ListType list => list.ValueDataType,
        LargeListType list => list.ValueDataType,
        FixedSizeListType list => list.ValueDataType,
        _ => null,
    };

    /// <summary>The items of all rows of a list array.</summary>
    public static IArrowArray ItemsOf(IArrowArray list) => list switch
    {
        ListArray a => a.Values,
        LargeListArray a => a.Values,
        _ => ((FixedSizeListArray)list).Values,
    };

    /// <summary>Where the items of one row lie.</summary>
    /// <exception cref="InvalidDataException">The offsets point outside the items.</exception>
    public static (int Start, int Length) RangeOf(string name, IArrowArray list, int row)
    {
        long start, end;
        int items;
        switch (list)
        {
            case ListArray a:
                ReadOnlySpan<int> offsets = a.ValueOffsets;
                (start, end, items) = (offsets[row], offsets[row + 1], a.Values.Length);
                break;
            case LargeListArray a:
                ReadOnlySpan<long> large = a.ValueOffsets;
                (start, end, items) = (large[row], large[row + 1], a.Values.Length);
                break;
            default:
                var fixedSize = (FixedSizeListArray)list;
                long size = ((FixedSizeListType)fixedSize.Data.DataType).ListSize;
                start = (fixedSize.Offset + (long)row) * size;
                (end, items) = (start + size, fixedSize.Values.Length);
                break;
        }

        return start >= 0 && end >= start && end <= items
            ? ((int)start, (int)(end - start))
            : throw new InvalidDataException($"{name}: its list offsets {start} and {end} are damaged, there are {items} items; copy or save the dataset again");
    }

    /// <summary>A type as people write it: <c>list&lt;list&lt;halffloat&gt;&gt;</c>.</summary>
    public static string Describe(IArrowType type) => type switch
    {
        ListType list => $"list<{Describe(list.ValueDataType)}>",
        LargeListType list => $"large_list<{Describe(list.ValueDataType)}>",
        FixedSizeListType list => $"fixed_size_list<{Describe(list.ValueDataType)}>[{list.ListSize}]",
        HalfFloatType => "float16",
        FloatType => "float32",
        DoubleType => "float64",
        _ => type.Name,
    };

    /// <summary>Integers of a leaf.</summary>
    /// <exception cref="InvalidDataException">One is null or does not fit.</exception>
    public static int[] Integers(string name, IArrowArray leaf, int start, int count)
    {
        RequireValues(name, leaf, start, count);
        if (leaf is Int32Array narrow)
            return narrow.Values.Slice(start, count).ToArray();
        if (leaf is Int8Array small)
            return [.. small.Values.Slice(start, count).ToArray().Select(static v => (int)v)];
        ReadOnlySpan<long> wide = ((Int64Array)leaf).Values.Slice(start, count);
        int[] values = new int[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (int)wide[i];
            if (values[i] != wide[i])
                throw new InvalidDataException($"{name}: value {i} is {wide[i]}, which is no token id; use the tokenizer that made the ids");
        }

        return values;
    }

    /// <summary>Numbers of a leaf, widened exactly.</summary>
    /// <exception cref="InvalidDataException">One is null.</exception>
    public static double[] Numbers(string name, IArrowArray leaf, int start, int count)
    {
        RequireValues(name, leaf, start, count);
        double[] values = new double[count];
        switch (leaf)
        {
            case HalfFloatArray half:
                ReadOnlySpan<Half> halves = half.Values.Slice(start, count);
                for (int i = 0; i < count; i++)
                    values[i] = (double)halves[i];
                break;
            case FloatArray single:
                ReadOnlySpan<float> singles = single.Values.Slice(start, count);
                for (int i = 0; i < count; i++)
                    values[i] = singles[i];
                break;
            default:
                ((DoubleArray)leaf).Values.Slice(start, count).CopyTo(values);
                break;
        }

        return values;
    }

    private static void RequireValues(string name, IArrowArray leaf, int start, int count)
    {
        if (leaf.NullCount == 0)
            return;
        for (int i = start; i < start + count; i++)
        {
            if (leaf.IsNull(i))
                throw new InvalidDataException($"{name}: value {i - start} is null; run the model again for this row");
        }
    }
}
