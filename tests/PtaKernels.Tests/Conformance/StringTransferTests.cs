using PtaKernels.Rules;

namespace PtaKernels.Tests.Conformance;

/// <summary>SPEC B 3b.2: the dummy prefix that the official code puts before a byte-level source's first token.</summary>
public sealed class StringTransferTests
{
    [TestCase("Ġ", "he", "▁he", 0, true, Description = "the prefix is put before the first token")]
    [TestCase("Ġ", "he", "▁he", 1, false, Description = "only there")]
    [TestCase("▁", "he", "▁he", 0, false, Description = "only for byte-level sources")]
    [TestCase("Ġ", "Ġhe", "▁he", 0, true, Description = "not where the marker stands already")]
    [TestCase("Ġ", "Ġhe", "▁▁he", 0, false, Description = "and not twice")]
    [TestCase("Ġ", "he", "he", 0, true, Description = "only where the target has the marker")]
    [TestCase("Ġ", "he", "he", 1, true)]
    public void TheFirstTokenOfAByteLevelSourceGetsTheTargetsPrefix(string marker, string source, string target, int row, bool transfers)
    {
        var vocabularies = new VocabularyPair(Vocabulary(marker, "x", source), Vocabulary("▁", "x", target));
        int[] ids = row == 0 ? [1, 0] : [0, 1];
        var path = new AlignmentPath();
        path.Begin(2, 2, 0);
        path.Prepend(1, 1);
        path.Prepend(0, 0);
        StepDecision decision = StepTransfer.ByString(
            new DocumentPair(Document(ids), Document(ids)), vocabularies, TokenPairing.FromPath(path, 2), row, soft: false);
        Assert.That((decision.Transfers, decision.Rule), Is.EqualTo((transfers, transfers ? RowRule.StringTransport : RowRule.StringMismatch)));
        Assert.That(decision.SourceRow, Is.EqualTo(transfers ? row : -1));
    }

    private static TokenVocabulary Vocabulary(string marker, params string[] strings) => new(
        "v", marker, marker == "Ġ", marker == "▁", strings, [.. strings.Select(System.Text.Encoding.UTF8.GetBytes)], new TokenRoles[strings.Length]);

    private static TokenizedDocument Document(int[] ids) =>
        new() { Id = "d", Ids = ids, Candidates = new TopKLogits(new int[ids.Length], new double[ids.Length], 1) };
}
