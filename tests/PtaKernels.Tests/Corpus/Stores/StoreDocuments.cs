using System.Text;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Tests.Corpus.Stores;

/// <summary>Random documents of made-up vocabularies, with values that float16 holds, and how stores are written and read in tests.</summary>
internal static class StoreDocuments
{
    public static TokenVocabulary VocabularyOf(int tokens)
    {
        string[] strings = [.. Enumerable.Range(0, tokens).Select(static i => $"t{i}")];
        return new TokenVocabulary($"made-{tokens}", "▁", false, false, strings, [.. strings.Select(Encoding.UTF8.GetBytes)], new TokenRoles[tokens]);
    }

    public static TokenizedDocument Draw(Random random, string id, int tokens, int k, bool rich = true, int longest = 40)
    {
        int length = random.Next(1, longest + 1);
        bool chained = random.Next(4) > 0;
        int end = chained ? 0 : random.Next(1, 4);
        var spans = new (int, int)[length];
        for (int t = 0; t < length; t++)
            spans[t] = (end, end += random.Next(6));
        double[] labels = [.. Enumerable.Range(0, length - 1).Select(_ => Half(random.NextDouble() * 8))];
        return new TokenizedDocument
        {
            Id = id,
            Ids = [.. Enumerable.Range(0, length).Select(_ => random.Next(tokens))],
            Candidates = new TopKLogits([.. Enumerable.Range(0, length * k).Select(_ => random.Next(tokens))], [.. Enumerable.Range(0, length * k).Select(_ => random.Next(50) == 0 ? double.NegativeInfinity : Half((random.NextDouble() * 40) - 20))], k),
            LogSumExp = rich ? [.. Enumerable.Range(0, length).Select(_ => (double)(float)(20 + random.NextDouble()))] : null,
            LabelCrossEntropy = rich && random.Next(5) > 0 ? labels : null,
            MeanCrossEntropy = rich && random.Next(5) > 0 ? random.NextDouble() : null,
            Spans = rich && random.Next(5) > 0 ? spans : null,
        };
    }

    public static void Write(string path, TokenVocabulary vocabulary, IEnumerable<TokenizedDocument> documents, int k, StoreOptions? options = null, ValueKind kind = ValueKind.RawLogit, string split = "")
    {
        using var writer = new TeacherStoreWriter(path, replace: false, vocabulary, k, kind, "test", options, split);
        foreach (TokenizedDocument document in documents)
            writer.Write(document);
        writer.Commit();
    }

    /// <summary>All that a document is, as text that shows every bit.</summary>
    public static string Show(TokenizedDocument document) => string.Join('\n',
        document.Id, Numbers(document.Ids), Numbers(document.Candidates.Indices), Numbers(document.Candidates.Values), document.LogSumExp is null ? "-" : Numbers(document.LogSumExp),
        document.LabelCrossEntropy is null ? "-" : Numbers(document.LabelCrossEntropy), document.MeanCrossEntropy?.ToString("R") ?? "-", document.Spans is null ? "-" : Numbers(document.Spans));

    /// <summary>Every file of a folder and its bytes.</summary>
    public static SortedDictionary<string, string> BytesOf(string folder) =>
        new(Directory.EnumerateFiles(folder).ToDictionary(static f => Path.GetFileName(f), static f => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))), StringComparer.Ordinal);

    private static string Numbers<T>(IEnumerable<T> values) => string.Join(' ', values.Select(static v => v is double d ? d.ToString("R") : v!.ToString()));

    private static double Half(double value) => (double)(Half)value;
}
