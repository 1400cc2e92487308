using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace PtaKernels.Tests.Corpus.Serving;

/// <summary>Requests as another program would write them, and what comes back, by the library's own builders and readers.</summary>
internal static class Requests
{
    private static readonly Dictionary<string, string> Metadata = new() { ["ptakernels.serve"] = "1" };

    /// <summary>A whole stream: a record batch for each list of documents.</summary>
    public static byte[] Stream(params DocumentPair[][] batches) => Stream(static fields => fields, Metadata, batches);

    /// <summary>The same with other columns or metadata; columns that are left out are not written.</summary>
    public static byte[] Stream(Func<List<(Field Field, Func<DocumentPair[], IArrowArray> Build)>, IEnumerable<(Field Field, Func<DocumentPair[], IArrowArray> Build)>> change,
        Dictionary<string, string>? metadata, params DocumentPair[][] batches)
    {
        (Field Field, Func<DocumentPair[], IArrowArray> Build)[] columns = [.. change(Columns())];
        var schema = new Schema(columns.Select(static c => c.Field), metadata);
        using var stream = new MemoryStream();
        using (var writer = new ArrowStreamWriter(stream, schema, leaveOpen: true))
        {
            writer.WriteStart();
            foreach (DocumentPair[] batch in batches)
                writer.WriteRecordBatch(new RecordBatch(schema, columns.Select(c => c.Build(batch)), batch.Length));
            writer.WriteEnd();
        }

        return stream.ToArray();
    }

    /// <summary>The batches of a stream of answers, and its metadata.</summary>
    public static (RecordBatch[] Batches, IReadOnlyDictionary<string, string> Metadata) Answers(byte[] stream)
    {
        using var reader = new ArrowStreamReader(new MemoryStream(stream));
        IReadOnlyDictionary<string, string> metadata = reader.Schema.Metadata;
        List<RecordBatch> batches = [];
        while (reader.ReadNextRecordBatch() is { } batch)
            batches.Add(batch);
        Assert.That(stream.AsSpan()[^8..].ToArray(), Is.EqualTo(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0 }), "the end of a stream");
        return ([.. batches], metadata);
    }

    /// <summary>A row of an answer as text, every bit of every number in it.</summary>
    public static string Print(RecordBatch batch, int row)
    {
        if (((StringArray)batch.Column("error")).GetString(row) is { } error)
            return "error: " + error;
        return Print(
            Row<int>(batch, "starts", row), Row<int>(batch, "tokens", row), Row<double>(batch, "values", row), Row<byte>(batch, "rule", row), Row<int>(batch, "source_row", row),
            Row<double>(batch, "missing", row), Row<double>(batch, "kappa", row), Row<double>(batch, "signal", row), Row<sbyte>(batch, "transport_status", row),
            Row<int>(batch, "iterations", row), Row<double>(batch, "marginal_error", row));
    }

    /// <summary>The same of a document that never left this process.</summary>
    public static string Print(AlignedDocument aligned)
    {
        int[] starts = new int[aligned.Rows + 1];
        List<int> tokens = [];
        List<double> values = [];
        RowProvenance[] rows = [.. Enumerable.Range(0, aligned.Rows).Select(t => aligned[t])];
        for (int t = 0; t < aligned.Rows; t++)
        {
            tokens.AddRange(aligned.IndicesOf(t));
            values.AddRange(aligned.ValuesOf(t));
            starts[t + 1] = tokens.Count;
        }

        return Print(
            starts, [.. tokens], [.. values], [.. rows.Select(static r => (byte)r.Rule)], [.. rows.Select(static r => r.SourceRow)], [.. rows.Select(static r => r.Missing)],
            [.. rows.Select(static r => r.Kappa)], [.. rows.Select(static r => r.SignalKept)], [.. rows.Select(static r => r.Transport is { } t ? (sbyte)t.Status : (sbyte)-1)],
            [.. rows.Select(static r => r.Transport?.Iterations ?? 0)], [.. rows.Select(static r => r.Transport?.MarginalError ?? 0)]);
    }

    private static string Print(int[] starts, int[] tokens, double[] values, byte[] rules, int[] sourceRows, double[] missing, double[] kappas, double[] signals, sbyte[] statuses, int[] iterations, double[] errors) =>
        string.Join('\n', string.Join(' ', starts), string.Join(' ', tokens), Bits(values), string.Join(' ', rules), string.Join(' ', sourceRows), Bits(missing), Bits(kappas), Bits(signals),
            string.Join(' ', statuses), string.Join(' ', iterations), Bits(errors));

    private static string Bits(double[] values) => string.Join(' ', values.Select(static v => double.IsNaN(v) ? "NaN" : BitConverter.DoubleToInt64Bits(v).ToString("x", null)));

    /// <summary>A list of numbers.</summary>
    public static T[] Row<T>(RecordBatch batch, string column, int row)
        where T : struct, IEquatable<T> => [.. ((PrimitiveArray<T>)((ListArray)batch.Column(column)).GetSlicedValues(row)).Values];

    private static List<(Field Field, Func<DocumentPair[], IArrowArray> Build)> Columns()
    {
        List<(Field, Func<DocumentPair[], IArrowArray>)> columns = [(new Field("id", StringType.Default, false), static d => new StringArray.Builder().AppendRange(d.Select(static p => p.Target.Id)).Build())];
        foreach ((string side, Func<DocumentPair, TokenizedDocument> of) in new (string, Func<DocumentPair, TokenizedDocument>)[] { ("source", static p => p.Source), ("target", static p => p.Target) })
        {
            columns.Add(Integers(side + "_ids", p => of(p).Ids));
            columns.Add(Integers(side + "_indices", p => of(p).Candidates.Indices));
            columns.Add(Numbers(side + "_values", p => of(p).Candidates.Values));
            columns.Add((new Field(side + "_k", Int32Type.Default, false), d => new Int32Array.Builder().AppendRange(d.Select(p => of(p).Candidates.K)).Build()));
            columns.Add(Numbers(side + "_log_sum_exp", p => of(p).LogSumExp));
            columns.Add(Integers(side + "_spans", p => of(p).Spans?.SelectMany(static s => (int[])[s.Start, s.End]).ToArray()));
        }

        columns.Add(Integers("prior_starts", static p => p.Prior is { } prior ? [.. Enumerable.Range(0, prior.Rows + 1).Select(r => Enumerable.Range(0, r).Sum(t => prior.IndicesOf(t).Length))] : null));
        columns.Add(Integers("prior_tokens", static p => p.Prior is { } prior ? [.. Enumerable.Range(0, prior.Rows).SelectMany(t => prior.IndicesOf(t).ToArray())] : null));
        columns.Add(Numbers("prior_values", static p => p.Prior is { } prior ? [.. Enumerable.Range(0, prior.Rows).SelectMany(t => prior.ValuesOf(t).ToArray())] : null));
        return columns;
    }

    public static (Field Field, Func<DocumentPair[], IArrowArray> Build) Integers(string name, Func<DocumentPair, int[]?> of) => (ListOf(name, Int32Type.Default), documents =>
        Filled(new ListArray.Builder(Int32Type.Default), documents.Select(of), static (builder, row) => ((Int32Array.Builder)builder).AppendRange(row)));

    public static (Field Field, Func<DocumentPair[], IArrowArray> Build) Numbers(string name, Func<DocumentPair, double[]?> of) => (ListOf(name, DoubleType.Default), documents =>
        Filled(new ListArray.Builder(DoubleType.Default), documents.Select(of), static (builder, row) => ((DoubleArray.Builder)builder).AppendRange(row)));

    private static ListArray Filled<T>(ListArray.Builder lists, IEnumerable<T[]?> rows, Action<IArrowArrayBuilder, T[]> append)
    {
        foreach (T[]? row in rows)
        {
            if (row is null)
            {
                lists.AppendNull();
                continue;
            }

            lists.Append();
            append(lists.ValueBuilder, row);
        }

        return lists.Build();
    }

    private static Field ListOf(string name, IArrowType item) => new(name, new ListType(item), true);
}
