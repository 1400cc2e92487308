using PtaKernels.Text;

namespace PtaKernels.Tests.Text;

/// <summary>Published rank files against known vocabularies; <c>scripts/check-vocabularies</c> fetches the files and names both folders.</summary>
[Category("Nightly")]
public sealed class PublishedRanksTests
{
    private static readonly string? Ranks = Environment.GetEnvironmentVariable("PTAKERNELS_RANKS");
    private static readonly string? Vocabularies = Environment.GetEnvironmentVariable("PTAKERNELS_VOCABULARIES");

    [TestCase("gpt2")]
    [TestCase("cl100k")]
    [TestCase("o200k")]
    public void AreTheKnownVocabularies(string name)
    {
        if (Ranks is null || Vocabularies is null)
            Assert.Ignore("scripts/check-vocabularies DIR runs this with the published files.");
        TokenVocabulary expected = VocabularyFile.Read(Path.Combine(Vocabularies, $"{name}.json.gz"));
        string[] files = Directory.GetFiles(Ranks, $"{name}.tiktoken", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(2), "one file of each package");
        foreach (string file in files)
        {
            TokenVocabulary actual = VocabularyFile.Read(file);
            VocabularyAssert.AreSame(actual, expected);
            File.AppendAllText(
                Path.Combine(Ranks, "report.txt"),
                $"{name} of {Path.GetFileName(Path.GetDirectoryName(file))}: {actual.Count} ids, {Enumerable.Range(0, actual.Count).Count(actual.HasToken)} tokens, all equal; fingerprint {actual.Fingerprint}{Environment.NewLine}");
        }
    }
}
