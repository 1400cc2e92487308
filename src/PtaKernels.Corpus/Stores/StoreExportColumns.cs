using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Export;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>The columns of the official step 2 for the documents of a teacher's store: of the types that the store keeps, official inputs of those they had.</summary>
internal static class StoreExportColumns
{
    /// <summary>The columns in the official order, then the input's others.</summary>
    /// <param name="store">The store.</param>
    /// <param name="present">Names of the optional columns that some document has.</param>
    /// <param name="values">Type of the values.</param>
    public static OutputColumn[] Of(StoreReader store, IReadOnlySet<string> present, ExportValues values)
    {
        StoreHeader header = store.Header;
        IArrowType TypeOf(string column) => column switch
        {
            DocumentColumns.Logits => new ListType(new ListType(Numbers.ArrowTypeOf(header.Values))),
            DocumentColumns.CrossEntropy => new ListType(Numbers.ArrowTypeOf(header.LabelType!.Value)),
            DocumentColumns.MeanCrossEntropy => header.Official ? HalfFloatType.Default : DoubleType.Default,
            _ => new ListType(DoubleType.Default),
        };
        List<OutputColumn> columns = [.. ExportColumns.Of(present, values, TypeOf)];
        if (header.Official)
        {
            Replace<sbyte>(columns, ExportColumns.Mask, Int8Type.Default, static _ => 1);
            Replace<long>(columns, ExportColumns.Labels, Int64Type.Default, static id => id);
        }

        foreach (Field field in store.Others)
            columns.Add(new CopiedColumn(field));
        return [.. columns];
    }

    /// <summary>A column that the store only keeps where it does not follow from the ids.</summary>
    private static void Replace<T>(List<OutputColumn> columns, string name, IArrowType leaf, Func<int, T> ofId)
        where T : unmanaged
    {
        int at = columns.FindIndex(c => c.Field.Name == name);
        columns[at] = new ListColumn<T>(name, leaf, 1, (ListColumn<T> column, in OutputRow row) =>
        {
            var record = (StoreRecord)row.Record!;
            if (record.Row.Rows.TryBytes(name, record.BatchRow, ((FixedWidthType)leaf).BitWidth / 8, out ReadOnlySpan<byte> kept))
            {
                column.Add(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(kept));
                record.Row.Rows.KeepAlive();
                return;
            }

            foreach (int id in row.Target.Ids)
                column.Add([ofId(id)]);
        });
    }
}
