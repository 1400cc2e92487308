using CommunityToolkit.HighPerformance;
using PtaKernels.Cli.Verify.Random;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>cost.embedding: cosine distances of embedded tokens, and vectors for the documents of doc.embedding.</summary>
internal static class EmbeddingCases
{
    private const string Id = "cost.embedding";

    /// <summary>Numbers of a vector.</summary>
    private const int Dimensions = 128;

    private const int Rows = 64;

    private const int Seed = 11;

    /// <summary>GPT-2 tokens, evenly spaced, against all of spA.</summary>
    public static BenchCase Distances(BenchData data)
    {
        VocabularyPair pair = data.Pair("gpt2", "spA");
        TokenEmbeddings embeddings = DrawnEmbeddings.Give(pair, Seed, Dimensions).Embeddings!;
        int[] rows = [.. Enumerable.Range(0, Rows).Select(r => (int)((long)r * pair.Source.Count / Rows))], columns = [.. Enumerable.Range(0, pair.Target.Count)];
        byte[,] ours = new byte[rows.Length, columns.Length], plain = new byte[rows.Length, columns.Length];
        var scalar = new ReferenceBackend();
        Fill(data.Backend, ours);
        Fill(scalar, plain);
        if (!ours.Cast<byte>().SequenceEqual(plain.Cast<byte>()))
            throw BenchData.Wrong(Id, "a distance differs from the plain backend's");
        double pairs = (double)rows.Length * columns.Length;
        return new BenchCase(
            Id, "pairs/s", new PassLoop(data.Backend.Name, pairs, () => Fill(data.Backend, ours)), () => [new PassLoop("scalar C#", pairs, () => Fill(scalar, plain))],
            () => $"{rows.Length} x {columns.Length} tokens, {Dimensions} dimensions");

        void Fill(IKernelBackend backend, byte[,] cost) => backend.ComputeEmbeddingCosts(embeddings, rows, columns, new Span2D<byte>(cost));
    }

    /// <summary>The same documents, each vocabulary pair with vectors.</summary>
    public static BenchDocument[] WithVectors(BenchDocument[] documents)
    {
        var pairs = documents.Select(static d => d.Vocabularies).Distinct().ToDictionary(static p => p, static p => DrawnEmbeddings.Give(p, Seed, Dimensions));
        return [.. documents.Select(d => d with { Vocabularies = pairs[d.Vocabularies] })];
    }
}
