using System.Globalization;
using PtaKernels.Corpus.Parts;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli;

/// <summary>What <c>pta align</c> asks of a run over a part of the documents.</summary>
internal static class AlignShards
{
    /// <summary>Refuses what a part cannot do rightly.</summary>
    /// <param name="target">The target's documents.</param>
    /// <param name="count">How many parts there are.</param>
    /// <param name="limit">Documents asked for; 0 = all.</param>
    /// <param name="severalUnordered">Whether the order of several sources is to be computed.</param>
    /// <exception cref="ArgumentException">An option does not go with parts.</exception>
    /// <exception cref="AlignmentDataException">The documents are no store, or fewer than the parts.</exception>
    public static void Require(string target, int count, long limit, bool severalUnordered)
    {
        if (severalUnordered)
            throw new ArgumentException("--shards and several sources need --source-order, because their order depends on all documents: run this command once with --source-order-only, without a shard, and give every shard what it prints.");
        if (limit != 0)
            throw new ArgumentException("--limit counts documents of the whole corpus, and a shard sees its part only; leave it out, or cut the store with `pta store split` first.");
        if (!StoreReader.IsStore(target))
            throw new AlignmentDataException($"{target}: is no store, and only stores are aligned in shards; import the documents with `pta store import` first.");
        CorpusPart.Require(target, new StoreReader(target).Totals.Documents, count);
    }

    /// <summary>Whether a store is there that a command has made from these inputs, with all its files; their bytes are not compared.</summary>
    /// <param name="path">The store.</param>
    /// <param name="producer">Program and command.</param>
    /// <param name="inputs">The documents.</param>
    /// <param name="embeddings">What a manifest notes of the embeddings; null for none.</param>
    public static bool AreFinished(string path, StoreProducer producer, IReadOnlyList<string> inputs, string? embeddings)
    {
        if (!StoreReader.IsStore(path))
            return false;
        var store = new StoreReader(path);
        return store.Header.Producer.Program == producer.Program && store.Header.Producer.Command.SequenceEqual(producer.Command)
            && store.Header.Producer.Options.GetValueOrDefault(AlignedStoreWriter.EmbeddingsKey) == embeddings
            && store.Header.Producer.Inputs.SequenceEqual(inputs.Select(static i => new StoreInput(i, new StoreReader(i).Identity)))
            && store.Shards.All(s => new FileInfo(Path.Combine(path, s.File)) is { Exists: true } file && file.Length == s.Bytes);
    }

    /// <summary>Prints the value of <c>--source-order</c>.</summary>
    public static int PrintOrder(Terminal terminal, IReadOnlyList<int> order, IReadOnlyList<string> names, bool asJson)
    {
        string value = string.Join(',', order.Select(static s => (s + 1).ToString(CultureInfo.InvariantCulture)));
        if (asJson)
            terminal.WriteJson(new { SourceOrder = value, Sources = order.Select(s => names[s]) });
        else
            terminal.Output.WriteLine(value);
        return 0;
    }
}
