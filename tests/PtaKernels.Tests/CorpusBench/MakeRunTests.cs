using PtaKernels.Corpus;
using PtaKernels.CorpusBench;
using PtaKernels.Tests.Corpus;

namespace PtaKernels.Tests.CorpusBench;

/// <summary>The maker of the benchmark's corpus, on texts of the repository.</summary>
public class MakeRunTests
{
    private static readonly string[] Models = ["spA", "gpt2"];

    [Test]
    public void OneSeedGivesOneCorpusAndAnotherAnother()
    {
        using var folder = new TemporaryFolder();
        foreach (string form in new[] { "jsonl", "store" })
        {
            (string first, _) = Make(folder["a" + form], form, seed: 3);
            (string second, _) = Make(folder["b" + form], form, seed: 3);
            (string other, _) = Make(folder["c" + form], form, seed: 4);
            Assert.That(Difference(first, second), Is.Null, form);
            Assert.That(Difference(first, other), Is.Not.Null, form);
        }
    }

    [Test]
    public void ModelsSeeTheSameDocumentsAndPredictThem()
    {
        using var folder = new TemporaryFolder();
        (string corpus, CorpusFacts facts) = Make(folder["corpus"], "store", seed: 1);
        TokenizedDocument[][] all = [.. Models.Select(m => DocumentFiles.Read(Path.Combine(corpus, m)).ToArray())];
        Assert.That(all[1].Select(static d => d.Id), Is.EqualTo(all[0].Select(static d => d.Id)));
        Assert.That(all[0].Select(static d => d.Id), Is.Unique);
        Assert.That(facts.Models[0].Tokens, Is.GreaterThanOrEqualTo(10_000));
        Assert.That(all[0].Sum(static d => (long)d.Length), Is.EqualTo(facts.Models[0].Tokens));
        for (int m = 0; m < Models.Length; m++)
        {
            Assert.That(facts.Models[m].GoldTop1, Is.InRange(0.4, 0.8), Models[m]);
            for (int i = 0; i < all[m].Length; i++)
            {
                AssertPredicts(all[m][i]);
                Assert.That(all[m][i].Spans![^1].End, Is.EqualTo(all[0][i].Spans![^1].End), all[m][i].Id);
            }
        }
    }

    [Test]
    public void LittleTextIsCutAgainAtOtherPlaces()
    {
        using var folder = new TemporaryFolder();
        string texts = folder["texts"];
        Directory.CreateDirectory(texts);
        File.Copy(Path.Combine(Repository.Root, "README.md"), Path.Combine(texts, "readme.md"));
        (string corpus, CorpusFacts facts) = Make(folder["corpus"], "jsonl", seed: 1, texts, tokens: 30_000);
        Assert.That(facts.Passes, Is.GreaterThan(1));
        Assert.That(facts.DistinctBytes, Is.LessThanOrEqualTo(new FileInfo(Path.Combine(Repository.Root, "README.md")).Length));
        Assert.That(DocumentFiles.Read(CorpusSinks.Existing(corpus, "spA")).Select(static d => string.Join(' ', d.Ids)), Is.Unique);
    }

    [Test]
    public void TooLittleTextIsRefused()
    {
        using var folder = new TemporaryFolder();
        string texts = folder["texts"];
        Directory.CreateDirectory(texts);
        File.WriteAllText(Path.Combine(texts, "short.txt"), "Nothing much.");
        Assert.That(() => Make(folder["corpus"], "jsonl", seed: 1, texts), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("far too few"));
    }

    /// <summary>Rows as a model's: best first, ties by id, at most all of the probability, and the next token's cross-entropy is its candidate's.</summary>
    private static void AssertPredicts(TokenizedDocument document)
    {
        Assert.That(document.Length, Is.InRange(8, LengthMix.MostTokens), document.Id);
        for (int t = 0; t < document.Length; t++)
        {
            double[] values = document.Candidates.ValuesOf(t).ToArray();
            int[] ids = document.Candidates.IndicesOf(t).ToArray();
            bool ordered = Enumerable.Range(1, ids.Length - 1).All(i => values[i - 1] > values[i] || (values[i - 1] == values[i] && ids[i - 1] < ids[i]));
            double mass = values.Sum(v => Math.Exp(v - document.LogSumExp![t]));
            int gold = t + 1 < document.Length ? Array.IndexOf(ids, document.Ids[t + 1]) : -1;
            if (!ordered || ids.Distinct().Count() != ids.Length || mass is not (> 0 and < 1.01)
                || (gold >= 0 && Math.Abs(document.LogSumExp![t] - values[gold] - document.LabelCrossEntropy![t]) > 0.01))
            {
                Assert.Fail($"{document.Id}, row {t}: {string.Join(' ', ids.Zip(values))}, mass {mass}");
            }
        }
    }

    private static string? Difference(string first, string second) =>
        Models.Append(CorpusFacts.DocumentsName).Select(name => FolderBytes.Difference(PathOf(first, name), PathOf(second, name))).FirstOrDefault(static d => d is not null);

    private static string PathOf(string corpus, string name) => File.Exists(Path.Combine(corpus, name)) ? Path.Combine(corpus, name) : CorpusSinks.Existing(corpus, name);

    private static (string Corpus, CorpusFacts Facts) Make(string corpus, string form, ulong seed, string? texts = null, long tokens = 10_000)
    {
        CorpusSinks sinks = CorpusSinks.Of(corpus, form);
        return (corpus, new MakeRun
        {
            TargetTokens = tokens,
            CountedTokens = 20_000,
            Output = corpus,
            Seed = seed,
            Models = Models,
            Texts = MachineTexts.OfFolder(texts ?? Path.Combine(Repository.Root, "src", "PtaKernels")),
            Open = sinks.Open,
            PathOf = sinks.PathOf,
        }.Run(CancellationToken.None));
    }
}
