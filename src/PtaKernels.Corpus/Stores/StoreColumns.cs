using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>Names and types of the columns of a store's shards; a row is a document.</summary>
internal static class StoreColumns
{
    // Both kinds.
    public const string Id = "id", Ids = "input_ids", TextBytes = "text_bytes";

    // Aligned: number of the target's document in its split.
    public const string Row = "row";

    // Teachers.
    public const string Candidates = "candidates", Values = "values", LogSumExp = "log_sum_exp", LabelCrossEntropy = "label_cross_entropy";
    public const string MeanCrossEntropy = "mean_cross_entropy", ByteLengths = "byte_lengths", ByteOffsets = "byte_offsets", Mask = "attention_mask", Labels = "labels";

    // Aligned, each with the group's suffix.
    public const string Counts = "counts", Tokens = "tokens", Fused = "values", Missing = "missing", Kappa = "kappa", Rules = "provenance";

    /// <summary>Key of the header in a shard's schema.</summary>
    public const string HeaderKey = "pta.store";

    /// <summary>Suffixes of the groups of fused rows: one without a name where they are merged, else one for each source.</summary>
    public static string[] GroupsOf(StoreHeader header) =>
        header.Unit == OutputUnit.Official ? [.. Enumerable.Range(0, header.Sources!.Count).Select(static s => $"_{s}")] : [""];

    /// <summary>The columns that a header asks for, in order, without the input's others.</summary>
    public static IReadOnlyList<Field> FieldsOf(StoreHeader header)
    {
        IArrowType ids = header.TokenIds.ListType, values = new ListType(Numbers.ArrowTypeOf(header.Values));
        List<Field> fields = [Column(Id, StringType.Default), Column(TextBytes, Int64Type.Default), Column(Ids, ids)];
        if (header.Kind == StoreKind.Teacher)
        {
            fields.AddRange(
            [
                Column(Candidates, ids), Column(Values, values),
                Column(LogSumExp, new ListType(Numbers.ArrowTypeOf(SumTypeOf(header.Values)))),
                Column(LabelCrossEntropy, new ListType(Numbers.ArrowTypeOf(header.LabelType!.Value))), Column(MeanCrossEntropy, DoubleType.Default),
                Column(ByteLengths, new ListType(UInt16Type.Default)), Column(ByteOffsets, new ListType(Int32Type.Default)),
            ]);
            if (header.Official)
                fields.AddRange([Column(Mask, new ListType(Int8Type.Default)), Column(Labels, new ListType(Int64Type.Default))]);
            return fields;
        }

        fields.Add(Column(Row, Int64Type.Default));
        foreach (string group in GroupsOf(header))
        {
            fields.AddRange(
            [
                Column(Counts + group, new ListType(UInt8Type.Default)), Column(Tokens + group, ids), Column(Fused + group, values),
                Column(Missing + group, new ListType(Numbers.ArrowTypeOf(header.Values))), Column(Kappa + group, new ListType(Numbers.ArrowTypeOf(header.Values))),
                Column(Rules + group, new ListType(UInt8Type.Default)), Column(MeanCrossEntropy + group, DoubleType.Default),
            ]);
        }

        return fields;
    }

    /// <summary>Bytes of the text that spans lie in.</summary>
    public static long TextBytesOf((int Start, int End)[] spans)
    {
        long most = 0;
        foreach ((_, int end) in spans)
            most = Math.Max(most, end);
        return most;
    }

    /// <summary>Tokens of a document.</summary>
    /// <exception cref="InvalidDataException">The row is damaged.</exception>
    public static int LengthOf(StoreHeader header, StoreRows rows, int row)
    {
        if (header.Kind == StoreKind.Aligned)
            return rows.Bytes(Rules + GroupsOf(header)[0], row, 1).Length;
        int width = Numbers.WidthOf(header.Values);
        return rows.Bytes(Values, row, width).Length / (width * header.K!.Value);
    }

    /// <summary>Whether a name is one of a teacher's own columns.</summary>
    public static bool IsKnown(string name) =>
        name is Id or Ids or TextBytes or Candidates or Values or LogSumExp or LabelCrossEntropy or MeanCrossEntropy or ByteLengths or ByteOffsets or Mask or Labels;

    /// <summary>The schema of a shard.</summary>
    /// <param name="header">The store's header, which the schema repeats.</param>
    /// <param name="others">The input's other columns.</param>
    public static Schema SchemaOf(StoreHeader header, IEnumerable<Field> others) =>
        new([.. FieldsOf(header), .. others], new Dictionary<string, string> { [HeaderKey] = StoreManifest.TextOf(header) });

    /// <summary>Type of log-sum-exps: they are in the tens, where float16 would lose the probabilities.</summary>
    public static NumberType SumTypeOf(NumberType values) => values == NumberType.Float16 ? NumberType.Float32 : NumberType.Float64;

    /// <summary>Refuses a shard whose columns are not those of its store.</summary>
    /// <exception cref="AlignmentDataException">They differ.</exception>
    public static void Require(ArrowShard shard, StoreHeader header)
    {
        IReadOnlyList<Field> expected = FieldsOf(header);
        Field[] found = [.. shard.Schema.FieldsList];
        for (int c = 0; c < expected.Count + header.Others.Count; c++)
        {
            (string name, string type) = c < expected.Count
                ? (expected[c].Name, ArrowLists.Describe(expected[c].DataType))
                : (header.Others[c - expected.Count].Key, header.Others[c - expected.Count].Value);
            if (c >= found.Length || found[c].Name != name || ArrowLists.Describe(found[c].DataType) != type)
                throw new AlignmentDataException($"{shard.Path}: its column {c} is not {name} of {type}, as the manifest says; run `pta store check` on the folder, or copy it again.");
        }

        if (found.Length != expected.Count + header.Others.Count)
            throw new AlignmentDataException($"{shard.Path}: has {found.Length} columns, and the manifest knows {expected.Count + header.Others.Count}; run `pta store check` on the folder, or copy it again.");
    }

    private static Field Column(string name, IArrowType type) => new(name, type, nullable: true);
}
