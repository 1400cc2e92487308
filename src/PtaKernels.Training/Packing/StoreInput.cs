using PtaKernels.Corpus.Stores;

namespace PtaKernels.Training;

/// <summary>A store of aligned documents as input of packing.</summary>
internal sealed class StoreInput : AlignedInput
{
    private readonly StoreReader _store;

    /// <summary>Takes a store.</summary>
    /// <exception cref="AlignmentDataException">It holds a model's candidates, no aligned documents.</exception>
    public StoreInput(StoreReader store)
    {
        _store = store;
        if (store.Header.Kind != StoreKind.Aligned)
            throw new AlignmentDataException($"{store.Path}: holds a model's candidates; align them with pta align first.");
        if (store.Header.Unit == OutputUnit.Official)
            throw new AlignmentDataException($"{store.Path}: the official packing also needs the target's own candidates; write both with `pta store export {store.Path} --target STORE --out FOLDER` and pack that.");
        Splits = [.. store.Splits.Select(static s => s.Length == 0 ? "train" : s)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Splits { get; }

    /// <inheritdoc/>
    public override bool IsDict => _store.Splits[0].Length > 0;

    /// <inheritdoc/>
    public override string Identity => _store.Identity;

    /// <inheritdoc/>
    public override long CountOf(string split) => _store.CountOf(IsDict ? split : "")!.Value;

    /// <inheritdoc/>
    public override IEnumerable<AlignedRecord> Read(string split, long first = 0) =>
        _store.Read(IsDict ? split : "", first).Select(static r => new Document((StoreRecord)r));

    private sealed class Document(StoreRecord record) : AlignedRecord(record.Where, record.Share)
    {
        private AlignedRow? _row;

        public override string Id => Row.Id;

        public override IEnumerable<string> Names => [OfficialColumns.Ids, FusedIds, FusedMasses, FusedMissing];

        /// <summary>Read by whoever looks first, which is one thread.</summary>
        private AlignedRow Row => _row ??= record.Aligned();

        private AlignedDocument Rows => Row.Groups[0];

        public override int[] Integers(string name) => name == OfficialColumns.Ids ? Row.Ids : throw Missing(name);

        public override double[] Numbers(string name) => name == FusedMissing ? [.. Enumerable.Range(0, Rows.Rows).Select(t => Rows[t].Missing)] : throw Missing(name);

        public override double Number(string name) => throw Missing(name);

        public override int[][] IntegerLists(string name) => name == FusedIds ? [.. Enumerable.Range(0, Rows.Rows).Select(t => Rows.IndicesOf(t).ToArray())] : throw Missing(name);

        public override double[][] NumberLists(string name) => name == FusedMasses ? [.. Enumerable.Range(0, Rows.Rows).Select(t => Rows.ValuesOf(t).ToArray())] : throw Missing(name);

        private AlignmentDataException Missing(string name) => new($"{Where}: a store has no {name}.");
    }
}
