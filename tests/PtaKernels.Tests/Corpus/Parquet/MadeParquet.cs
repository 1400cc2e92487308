using Apache.Arrow;
using ParquetSharp;
using ParquetSharp.Arrow;
using PtaKernels.Tests.Corpus.Folders;
using Field = Apache.Arrow.Field;
using Schema = Apache.Arrow.Schema;

namespace PtaKernels.Tests.Corpus.Parquet;

/// <summary>Writes Parquet files with the library alone, in the columns of <see cref="OfficialFolder"/>.</summary>
internal static class MadeParquet
{
    /// <summary>A file of rows; each chunk of <see cref="FolderLayout.RowsPerBatch"/> is a row group.</summary>
    public static void Write(string path, FolderLayout layout, ModelRow[] rows, Compression compression = Compression.Snappy, bool storeSchema = true)
    {
        (string[] names, ArrayData[] some) = OfficialFolder.Columns(layout, rows.Length > 0 ? rows[..1] : []);
        Write(path, new Schema(names.Select((n, i) => new Field(n, some[i].DataType, true)), null), rows.Chunk(layout.RowsPerBatch).Select(c => (OfficialFolder.Columns(layout, c).Data, c.Length)), compression, storeSchema);
    }

    /// <summary>A file of one row group.</summary>
    public static void Write(string path, int rows, params (string Name, ArrayData Data)[] columns) =>
        Write(path, new Schema(columns.Select(static c => new Field(c.Name, c.Data.DataType, true)), null), [(columns.Select(static c => c.Data).ToArray(), rows)], Compression.Snappy, storeSchema: true);

    private static void Write(string path, Schema schema, IEnumerable<(ArrayData[] Columns, int Rows)> groups, Compression compression, bool storeSchema)
    {
        using var builder = new WriterPropertiesBuilder();
        using WriterProperties properties = builder.Compression(compression).Build();
        using var arrowBuilder = new ArrowWriterPropertiesBuilder();
        if (storeSchema)
            arrowBuilder.StoreSchema();
        using ArrowWriterProperties arrow = arrowBuilder.Build();
        using var writer = new FileWriter(path, schema, properties, arrow);
        foreach ((ArrayData[] columns, int rows) in groups)
        {
            using var batch = new RecordBatch(schema, columns.Select(ArrowArrayFactory.BuildArray), rows);
            writer.WriteRecordBatch(batch, rows);
        }

        writer.Close();
    }
}
