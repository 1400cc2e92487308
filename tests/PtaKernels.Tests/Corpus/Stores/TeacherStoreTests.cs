using PtaKernels.Corpus.Stores;

namespace PtaKernels.Tests.Corpus.Stores;

/// <summary>Teachers' documents in and out of stores.</summary>
public sealed class TeacherStoreTests
{
    private static readonly TokenVocabulary Small = StoreDocuments.VocabularyOf(300), Large = StoreDocuments.VocabularyOf(70_000);

    [Test]
    public void EveryDocumentComesBack([Values] IdEncoding ids, [Values] NumberType values, [Values] bool zstd, [Values(1, 10, 64)] int k)
    {
        using var folder = new TemporaryFolder();
        TokenVocabulary vocabulary = ids == IdEncoding.U16 ? Small : Large;
        var random = new Random(k + (int)values);
        TokenizedDocument[] documents = [.. Enumerable.Range(0, 40).Select(d => StoreDocuments.Draw(random, $"d{d}", vocabulary.Count, k))];
        StoreDocuments.Write(folder["s"], vocabulary, documents, k, new StoreOptions { Ids = ids, Values = values, Zstd = zstd, ShardTokens = 400 });
        var reader = new StoreReader(folder["s"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reader.Shards, Has.Count.GreaterThan(1));
            Assert.That(reader.Read("").Select(static r => StoreDocuments.Show(r.Parse())), Is.EqualTo(documents.Select(StoreDocuments.Show)));
            Assert.That(reader.CountOf(""), Is.EqualTo(40));
            Assert.That(reader.Totals.Tokens, Is.EqualTo(documents.Sum(static d => d.Length)));
            Assert.That(new StoreCheck { Path = folder["s"], Documents = true }.Run(CancellationToken.None), Is.Empty);
        }
    }

    [Test]
    public void AnyDocumentIsReachedDirectly()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(3);
        TokenizedDocument[] documents = [.. Enumerable.Range(0, 90).Select(d => StoreDocuments.Draw(random, $"d{d}", 300, 4))];
        StoreDocuments.Write(folder["s"], Small, documents, 4, new StoreOptions { ShardTokens = 300 });
        var reader = new StoreReader(folder["s"]);
        for (int d = 0; d < documents.Length; d++)
        {
            Assert.That(StoreDocuments.Show(reader.DocumentAt("", d).Parse()), Is.EqualTo(StoreDocuments.Show(documents[d])));
            Assert.That(reader.Read("", d).First().Number, Is.EqualTo(d));
        }

        Assert.That(() => reader.DocumentAt("", 90), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(reader.Read("", 90), Is.Empty);
    }

    [Test]
    public void LogProbabilitiesHaveALogSumExpOfZero()
    {
        using var folder = new TemporaryFolder();
        StoreDocuments.Write(folder["s"], Small, [StoreDocuments.Draw(new Random(1), "d", 300, 4)], 4, kind: ValueKind.Logprob);
        Assert.That(new StoreReader(folder["s"]).Read("").Single().Parse().LogSumExp, Is.Not.Empty.And.All.Zero);
    }

    [Test]
    public void TenCandidatesTakeAtMost56Bytes([Values(32_000, 100_277, 200_019)] int tokens)
    {
        using var folder = new TemporaryFolder();
        TokenVocabulary vocabulary = StoreDocuments.VocabularyOf(tokens);
        var random = new Random(tokens);
        TokenizedDocument[] documents = [.. Enumerable.Range(0, 64).Select(d =>
        {
            TokenizedDocument draft = StoreDocuments.Draw(random, $"document {d}", tokens, 10, longest: 800);
            int end = 0;
            return new TokenizedDocument
            {
                Id = draft.Id,
                Ids = draft.Ids,
                Candidates = draft.Candidates,
                LogSumExp = draft.LogSumExp,
                LabelCrossEntropy = draft.LogSumExp![1..],
                MeanCrossEntropy = 1,
                Spans = [.. draft.Ids.Select(_ => (end, end += random.Next(9)))],
            };
        })];
        StoreDocuments.Write(folder["s"], vocabulary, documents, 10);
        double bytes = Directory.EnumerateFiles(folder["s"]).Sum(static f => new FileInfo(f).Length) / (double)documents.Sum(static d => d.Length);
        Assert.That(bytes, Is.LessThanOrEqualTo(56), "with log-sum-exps, cross-entropies and spans");
        TestContext.Out.WriteLine($"{tokens} tokens: {bytes:F2} bytes per token");
    }

    [Test]
    public void WhatDoesNotFitIsRefusedAndLeavesTheRestWhole()
    {
        using var folder = new TemporaryFolder();
        TokenizedDocument good = StoreDocuments.Draw(new Random(1), "good", 300, 4);
        using (var writer = new TeacherStoreWriter(folder["s"], false, Small, 4, ValueKind.RawLogit, "test"))
        {
            writer.Write(good);
            using (Assert.EnterMultipleScope())
            {
                Refuses(writer, StoreDocuments.Draw(new Random(2), "other", 300, 5), "other: has 5 candidates per position, and the store has 4; give documents with as many.");
                Refuses(writer, new TokenizedDocument { Id = "id", Ids = [7, 300], Candidates = new TopKLogits(new int[8], new double[8], 4) }, "id, input_ids, position 1: 300 is no id of made-300, which has 300 tokens; give the tokenizer that made the ids.");
                Refuses(writer, new TokenizedDocument { Id = "negative", Ids = [7], Candidates = new TopKLogits([1, 2, -3, 4], new double[4], 4) }, "negative, candidates, position 0: -3 is no id of made-300, which has 300 tokens; give the tokenizer that made the ids.");
                Refuses(writer, new TokenizedDocument { Id = "large", Ids = [7], Candidates = new TopKLogits(new int[4], [70_000, 0, 0, 0], 4) }, "large, values, value 0: 70000 is beyond the store's number type; take --values float32.");
            }

            writer.Write(good);
            writer.Commit();
        }

        Assert.That(new StoreReader(folder["s"]).Read("").Select(static r => StoreDocuments.Show(r.Parse())), Is.EqualTo(new[] { StoreDocuments.Show(good), StoreDocuments.Show(good) }));
    }

    [Test]
    public void NothingIsThereBeforeTheEnd()
    {
        using var folder = new TemporaryFolder();
        using (var writer = new TeacherStoreWriter(folder["s"], false, Small, 4, ValueKind.RawLogit, "test"))
        {
            writer.Write(StoreDocuments.Draw(new Random(1), "d", 300, 4));
            Assert.That(Directory.Exists(folder["s"]), Is.False);
        }

        Assert.That(folder.Names, Is.Empty);
    }

    [Test]
    public void SeveralModelsAlignFromOneStore()
    {
        using var folder = new TemporaryFolder();
        StoreDocuments.Write(folder["s"], Small, [StoreDocuments.Draw(new Random(1), "d", 300, 4)], 4);
        SortedDictionary<string, string> before = StoreDocuments.BytesOf(folder["s"]);
        StoreReader[] readers = [.. Enumerable.Range(0, 3).Select(_ => new StoreReader(folder["s"]))];
        Assert.That(readers.Select(static r => StoreDocuments.Show(r.Read("").Single().Parse())).Distinct().Count(), Is.EqualTo(1));
        Assert.That(StoreDocuments.BytesOf(folder["s"]), Is.EqualTo(before));
    }

    private static void Refuses(TeacherStoreWriter writer, TokenizedDocument document, string message) =>
        Assert.That(() => writer.Write(document), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(message));
}
